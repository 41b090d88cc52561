//! A menu with a file above its text.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::said_limits::SAID_MAX;
use crate::wire::decode::{Malformed, required};
use crate::wire::said::file::SentFile;
use crate::wire::said::menu::Menu;
use crate::wire::schema;

/// A menu with a picture, a moving picture or a document above its text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Headed {
    /// The file, without a caption.
    pub file: SentFile,
    /// The menu, without a header.
    pub menu: Menu,
}

impl Headed {
    /// Puts a file above a menu. A thumbnail that has no room stays behind.
    pub fn new(file: SentFile, menu: Menu) -> Self {
        let mut headed = Self { file, menu };
        if !headed.fits()
            && let Some(picture) = &mut headed.file.picture
        {
            picture.thumbnail.clear();
        }
        headed
    }

    fn fits(&self) -> bool {
        self.to_schema().encoded_len() <= SAID_MAX
    }

    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        self.file.check()?;
        self.menu.check()?;
        if !self.file.caption.is_empty() || !self.menu.header.is_empty() {
            return Err(Malformed(
                "above the text of a menu is a header or a file, and the file has no caption",
            ));
        }
        if self.fits() { Ok(()) } else { Err(Malformed("a menu has at most 12,288 bytes in all")) }
    }

    pub(crate) fn to_schema(&self) -> schema::HeadedMenu {
        schema::HeadedMenu { file: Some(self.file.to_schema()), menu: Some(self.menu.to_schema()) }
    }

    pub(crate) fn from_schema(headed: schema::HeadedMenu) -> Result<Self, Malformed> {
        let file = SentFile::from_schema(required(headed.file)?)?;
        let headed = Self { file, menu: Menu::from_schema(required(headed.menu)?)? };
        headed.check().map(|()| headed)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::file_limits::THUMBNAIL_MAX;
    use crate::base::said_limits::MENU_TEXT_MAX;
    use crate::wire::said::file::Picture;
    use crate::wire::said::file::tests::file;
    use crate::wire::said::menu::tests::menu;

    pub(crate) fn headed() -> Headed {
        let (caption, header) = (String::new(), String::new());
        Headed::new(SentFile { caption, ..file() }, Menu { header, ..menu() })
    }

    #[test]
    fn a_file_above_a_menu_reads_back() {
        assert_eq!(Headed::from_schema(headed().to_schema()), Ok(headed()));
        let header = Headed { menu: menu(), ..headed() };
        let caption = Headed { file: file(), ..headed() };
        for wrong in [header, caption] {
            assert!(Headed::from_schema(wrong.to_schema()).is_err(), "{wrong:?}");
        }
        let without = schema::HeadedMenu { file: None, ..headed().to_schema() };
        assert!(Headed::from_schema(without).is_err());
    }

    #[test]
    fn a_thumbnail_without_room_stays_behind() {
        let thumbnail = [&[0xFF, 0xD8, 0xFF][..], &[0; THUMBNAIL_MAX - 3]].concat();
        let picture = Some(Picture { width: 8, height: 6, thumbnail });
        let Headed { file, menu } = headed();
        let file = SentFile { picture, ..file };
        let roomy = Headed::new(file.clone(), menu.clone());
        assert_eq!(roomy.file.picture, file.picture);
        let about = "x".repeat(crate::base::said_limits::ROW_ABOUT_MAX);
        let mut full = Menu { text: "x".repeat(MENU_TEXT_MAX), ..menu };
        full.buttons.iter_mut().for_each(|row| row.about.clone_from(&about));
        full.footer = "x".repeat(240);
        full.buttons[0].id = "x".repeat(256);
        let tight = Headed::new(file, full);
        assert_eq!(tight.check(), Ok(()));
        assert_eq!(tight.file.picture.map(|picture| (picture.width, picture.thumbnail.len())), Some((8, 0)));
    }
}
