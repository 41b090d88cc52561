//! Which fields of an object a caller asks for.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;

/// The fields that a list names, without what stands in brackets behind a name; nothing where no list is given.
pub(super) fn named(list: Option<&str>) -> Result<Option<Vec<String>>, Graph> {
    let Some(list) = list else { return Ok(None) };
    let (mut names, mut name, mut depth) = (Vec::new(), String::new(), 0_usize);
    for letter in list.chars() {
        match letter {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => names.push(core::mem::take(&mut name)),
            letter if depth == 0 && !letter.is_whitespace() => name.push(letter),
            _ => {}
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    if names.len() > limits::FIELDS_MAX {
        let words = format!("At most {} fields can be asked for at once.", limits::FIELDS_MAX);
        return Err(Graph::new(Code::Parameter, words));
    }
    Ok(Some(names))
}

/// The fields of `all` that are asked for, those of `usual` where no list is given, and `id` in any case; fields that
/// nobody knows are ignored.
pub(super) fn chosen(all: Map<String, Value>, list: Option<&str>, usual: &[&str]) -> Result<Value, Graph> {
    let named = named(list)?;
    let is_chosen = |name: &str| match &named {
        Some(named) => name == "id" || named.iter().any(|one| one == name),
        None => usual.contains(&name),
    };
    Ok(Value::Object(all.into_iter().filter(|(name, _)| is_chosen(name)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_of_fields_may_have_what_nobody_knows_and_brackets() {
        let named = |list| named(Some(list)).unwrap().unwrap();
        assert_eq!(named("id, name,quality_rating"), ["id", "name", "quality_rating"]);
        assert_eq!(named("a.limit(5){b,c},d,"), ["a.limit", "d"]);
        assert!(named("").is_empty());
        assert!(super::named(Some(&"a,".repeat(65))).is_err());
        let Value::Object(all) = json!({ "id": "1", "a": 2, "b": 3 }) else { panic!() };
        assert_eq!(chosen(all.clone(), Some("a,zzz"), &[]).unwrap(), json!({ "id": "1", "a": 2 }));
        assert_eq!(chosen(all, None, &["id", "b"]).unwrap(), json!({ "id": "1", "b": 3 }));
    }
}
