//! Texts as search and bots compare them: without case, without diacritics, as words.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::base::limits;

/// The words of a text, folded, in their order: each at most [`limits::TERM_MAX`] bytes, longer ones cut.
///
/// Folding is compatibility decomposition (Unicode, NFKD), removal of the marks that Latin, Greek, Cyrillic,
/// Hebrew and Arabic can be written without, case folding through upper to lower case, and composition
/// (NFKC). Vowel signs of other scripts stay: they are letters to their readers. A word is a run of letters,
/// digits and their marks; apostrophes and joiners within one are left out. Scripts that don't part their
/// words are not split.
pub fn words(text: &str) -> Vec<String> {
    let decomposed = text.nfkd().filter(|c| !is_diacritic(*c) && !is_silent(*c));
    let lower: String = decomposed.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    // Lower case may bring marks back (İ is i and a dot).
    let folded: String = lower.nfkd().filter(|c| !is_diacritic(*c)).nfkc().collect();
    let parts = folded.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
    parts.filter(|word| !word.is_empty()).map(cut).collect()
}

/// The first [`limits::TERM_MAX`] bytes of a word, whole characters only.
fn cut(word: &str) -> String {
    word[..word.floor_char_boundary(limits::TERM_MAX)].to_owned()
}

/// Marks that can be left out in writing: combining diacritics, Hebrew points, Arabic vowels.
const fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE20}'..='\u{FE2F}' | '\u{0591}'..='\u{05BD}' | '\u{05BF}' | '\u{05C1}' | '\u{05C2}' | '\u{05C4}'
        | '\u{05C5}' | '\u{05C7}' | '\u{064B}'..='\u{065F}' | '\u{0670}')
}

/// Apostrophes, soft hyphens and joiners, which don't part words.
const fn is_silent(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{02BC}' | '\u{00AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padaria_sao_joao_finds_padaria_são_joão() {
        assert_eq!(words("Padaria São João"), words("padaria sao joao"));
        assert_eq!(words("PADARIA SA\u{303}O JOA\u{303}O"), ["padaria", "sao", "joao"]);
    }

    #[test]
    fn case_folds_fully_and_compatibility_forms_are_the_same() {
        assert_eq!(words("STRASSE"), words("straße"));
        assert_eq!(words("ΟΔΟΣ"), words("οδος"));
        assert_eq!(words("ὁδός"), words("οδοσ"));
        assert_eq!(words("İstanbul"), words("istanbul"));
        assert_eq!(words("Ｃａｆé ﬁne"), ["cafe", "fine"]);
        assert_eq!(words("Ёлка"), words("елка"));
    }

    #[test]
    fn punctuation_parts_words_and_apostrophes_do_not() {
        assert_eq!(words("  Joe's  Bar&Grill (24h)—Rio/SP "), ["joes", "bar", "grill", "24h", "rio", "sp"]);
        assert_eq!(words("Joe’s"), words("JOES"));
        assert!(words("… !!! 🍞").is_empty());
    }

    #[test]
    fn scripts_keep_the_signs_that_make_their_words() {
        assert_eq!(words("हिन्दी की"), ["हिन्दी", "की"]);
        assert_ne!(words("की"), words("का"));
        assert_eq!(words("パン屋"), ["パン屋"]);
        assert_ne!(words("ハン"), words("パン"));
        assert_eq!(words("מַאֲפִיָּה"), words("מאפיה"));
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let cut = words(&"ж".repeat(30));
        assert_eq!(cut, ["ж".repeat(20)]);
        assert_eq!(words(&"ж".repeat(31)), cut);
    }

    proptest! {
        #[test]
        fn folding_a_folded_word_changes_nothing(text in "\\PC{0,40}") {
            for word in words(&text) {
                prop_assert_eq!(words(&word), [word.clone()]);
            }
        }
    }
}
