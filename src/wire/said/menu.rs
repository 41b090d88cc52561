//! What a business lets a person choose from.

use std::collections::BTreeSet;

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::said_limits::{
    LINK_MAX, MENU_EDGE_MAX, MENU_ROWS_MAX, MENU_TEXT_MAX, ROW_ABOUT_MAX, ROW_ID_MAX, ROW_TITLE_MAX, SAID_MAX,
};
use crate::wire::decode::{Malformed, is_line, is_text};
use crate::wire::schema;

/// A text with buttons, or with a list in sections, or with a link. Every line is one without control characters.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// What stands above the text; may be empty.
    #[serde(default)]
    pub header: String,
    /// The text itself.
    pub text: String,
    /// What stands below it; may be empty.
    #[serde(default)]
    pub footer: String,
    /// Buttons under the text; none where there is a list.
    #[serde(default)]
    pub buttons: Vec<Row>,
    /// What opens the list; may be empty.
    #[serde(default)]
    pub label: String,
    /// The list.
    #[serde(default)]
    pub sections: Vec<Section>,
    /// A link to follow.
    #[serde(default)]
    pub link: Option<Link>,
}

/// One thing to choose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// For programs; no other row of the menu has it.
    pub id: String,
    /// For people.
    pub title: String,
    /// More about it; may be empty.
    #[serde(default)]
    pub about: String,
}

/// A part of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// May be empty where it is the only one.
    #[serde(default)]
    pub title: String,
    /// At least one.
    pub rows: Vec<Row>,
}

/// A link to follow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// For people.
    pub title: String,
    /// Begins with `https://`, and is of printable ASCII.
    pub url: String,
}

impl Menu {
    /// All rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.buttons.iter().chain(self.sections.iter().flat_map(|section| &section.rows))
    }

    /// The row that has this id.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows().find(|row| row.id == id)
    }

    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.text.is_empty() || !is_text(&self.text, MENU_TEXT_MAX) {
            return Err(Malformed("the text of a menu has 1 to 4,096 bytes, and no control characters"));
        }
        if !is_line(&self.header, MENU_EDGE_MAX) || !is_line(&self.footer, MENU_EDGE_MAX) {
            return Err(Malformed("the header and the footer of a menu are lines of at most 240 bytes"));
        }
        if !self.buttons.is_empty() && !self.sections.is_empty() {
            return Err(Malformed("a menu has buttons or a list, and not both"));
        }
        if self.rows().count() > MENU_ROWS_MAX || self.sections.len() > MENU_ROWS_MAX {
            return Err(Malformed("a menu has at most 10 rows in all"));
        }
        if self.rows().next().is_none() && self.link.is_none() {
            return Err(Malformed("a menu has buttons, a list or a link"));
        }
        let ids: BTreeSet<&str> = self.rows().map(|row| row.id.as_str()).collect();
        if ids.len() != self.rows().count() {
            return Err(Malformed("no two rows of a menu have the same id"));
        }
        self.rows().try_for_each(Row::check)?;
        self.check_list()?;
        self.link.as_ref().map_or(Ok(()), Link::check)?;
        if self.to_schema().encoded_len() > SAID_MAX {
            return Err(Malformed("a menu has at most 12,288 bytes in all"));
        }
        Ok(())
    }

    fn check_list(&self) -> Result<(), Malformed> {
        let several = self.sections.len() > 1;
        let is_section = |section: &Section| {
            !section.rows.is_empty()
                && is_line(&section.title, ROW_TITLE_MAX)
                && (!several || !section.title.is_empty())
        };
        let is_label =
            is_line(&self.label, ROW_TITLE_MAX) && (self.label.is_empty() || !self.sections.is_empty());
        if is_label && self.sections.iter().all(is_section) {
            Ok(())
        } else {
            Err(Malformed(
                "a section of a list has rows, and a title of at most 96 bytes where there are several",
            ))
        }
    }

    pub(crate) fn to_schema(&self) -> schema::Menu {
        let row = |row: &Row| {
            let Row { id, title, about } = row.clone();
            schema::Row { id, title, about }
        };
        let section = |section: &Section| schema::Section {
            title: section.title.clone(),
            rows: section.rows.iter().map(row).collect(),
        };
        let link = |link: &Link| schema::Link { title: link.title.clone(), url: link.url.clone() };
        schema::Menu {
            header: self.header.clone(),
            text: self.text.clone(),
            footer: self.footer.clone(),
            buttons: self.buttons.iter().map(row).collect(),
            label: self.label.clone(),
            sections: self.sections.iter().map(section).collect(),
            link: self.link.as_ref().map(link),
        }
    }

    pub(crate) fn from_schema(menu: schema::Menu) -> Result<Self, Malformed> {
        let row = |schema::Row { id, title, about }: schema::Row| Row { id, title, about };
        let section = |section: schema::Section| Section {
            title: section.title,
            rows: section.rows.into_iter().map(row).collect(),
        };
        let menu = Self {
            header: menu.header,
            text: menu.text,
            footer: menu.footer,
            buttons: menu.buttons.into_iter().map(row).collect(),
            label: menu.label,
            sections: menu.sections.into_iter().map(section).collect(),
            link: menu.link.map(|link| Link { title: link.title, url: link.url }),
        };
        menu.check().map(|()| menu)
    }
}

impl Row {
    pub(super) fn check(&self) -> Result<(), Malformed> {
        let holds = !self.id.is_empty()
            && is_line(&self.id, ROW_ID_MAX)
            && !self.title.is_empty()
            && is_line(&self.title, ROW_TITLE_MAX)
            && is_line(&self.about, ROW_ABOUT_MAX);
        let words =
            "a row has an id of at most 256 bytes, a title of at most 96, and a description of at most 288";
        if holds { Ok(()) } else { Err(Malformed(words)) }
    }
}

impl Link {
    fn check(&self) -> Result<(), Malformed> {
        let is_title = !self.title.is_empty() && is_line(&self.title, ROW_TITLE_MAX);
        let rest = self.url.strip_prefix("https://").unwrap_or_default();
        // Letters that look like others of another alphabet are written as domains write them (RFC 3492).
        let is_url = !rest.is_empty()
            && self.url.len() <= LINK_MAX
            && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        let words = "a link has a title, and a URL of printable ASCII that begins with https://";
        if is_title && is_url { Ok(()) } else { Err(Malformed(words)) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn row(id: &str) -> Row {
        Row { id: id.into(), title: format!("Row {id}"), about: String::new() }
    }

    pub(crate) fn menu() -> Menu {
        let link =
            Link { title: "See all".into(), url: "https://padaria.example/pães".replace('ã', "%C3%A3") };
        Menu {
            header: "Padaria".into(),
            text: "What will it be?".into(),
            footer: "open until 19:00".into(),
            buttons: vec![row("rye"), row("wheat")],
            link: Some(link),
            ..Menu::default()
        }
    }

    fn list(rows: usize, sections: usize) -> Menu {
        let section = |number: usize| Section {
            title: format!("Part {number}"),
            rows: (0..rows).map(|at| row(&format!("{number}.{at}"))).collect(),
        };
        let sections = (0..sections).map(section).collect();
        Menu { buttons: Vec::new(), label: "Breads".into(), sections, ..menu() }
    }

    #[test]
    fn buttons_lists_and_links_read_back() {
        let alone = Menu { buttons: Vec::new(), ..menu() };
        for good in [menu(), list(5, 2), list(1, MENU_ROWS_MAX), alone] {
            assert_eq!(Menu::from_schema(good.to_schema()), Ok(good));
        }
        assert_eq!(list(2, 2).row("1.0").unwrap().title, "Row 1.0");
    }

    #[test]
    fn a_menu_that_would_not_fit_or_could_deceive_is_refused() {
        let linked = |url: &str| Menu { link: Some(Link { title: "x".into(), url: url.into() }), ..menu() };
        let titled = |title: &str| Menu { buttons: vec![Row { title: title.into(), ..row("a") }], ..menu() };
        let (id, about) = ("x".repeat(ROW_ID_MAX - 1), "x".repeat(ROW_ABOUT_MAX));
        let rows = (0..MENU_ROWS_MAX).map(|at| Row { about: about.clone(), ..row(&format!("{at}{id}")) });
        let title = "x".repeat(ROW_TITLE_MAX);
        let rows = rows.map(|row| Row { title: title.clone(), ..row });
        let sections = rows.map(|row| Section { title: title.clone(), rows: vec![row] }).collect();
        let link = Some(Link { title: "x".into(), url: format!("https://{}", "x".repeat(LINK_MAX - 8)) });
        let (text, header) = ("x".repeat(MENU_TEXT_MAX), "x".repeat(MENU_EDGE_MAX));
        let full = Menu { text, footer: header.clone(), header, sections, link, ..list(1, 1) };
        let mut untitled = list(1, 2);
        untitled.sections[1].title.clear();
        let wrong = [
            Menu { text: String::new(), ..menu() },
            Menu { text: "\u{1b}]0;x\u{7}".into(), ..menu() },
            Menu { header: "two\nlines".into(), ..menu() },
            Menu { buttons: vec![row("a"), row("a")], ..menu() },
            Menu { buttons: (0..=MENU_ROWS_MAX).map(|at| row(&at.to_string())).collect(), ..menu() },
            Menu { buttons: menu().buttons, ..list(1, 1) },
            Menu { buttons: Vec::new(), link: None, ..menu() },
            Menu { label: "no list".into(), ..menu() },
            titled(""),
            titled("\u{202e}eyr"),
            untitled,
            list(0, 1),
            full,
            list(6, 2),
            linked("http://padaria.example"),
            linked("javascript:alert(1)"),
            linked("https://pаdaria.example"),
            linked("https://a b"),
            linked("https://"),
        ];
        for wrong in wrong {
            assert!(Menu::from_schema(wrong.to_schema()).is_err(), "{wrong:?}");
        }
    }
}
