//! What a business asks field by field, and what a customer says to it.

use sigillo::base::id::MessageId;
use sigillo::wire::said::field::{Field, FieldKind, YES};
use sigillo::wire::said::form::{Form, Known, Screen};
use sigillo::wire::said::form_answer::FormAnswer;
use sigillo::wire::said::menu::Row;
use sigillo::wire::said::message::Said;

/// A form with a field of each kind, and an answer to it.
pub(crate) fn asked() -> Vec<Said> {
    let row = |id: &str| Row { id: id.into(), title: id.to_uppercase(), about: "fresh".into() };
    let options = vec![row("rye"), row("oat")];
    let field = |id: &str, kind| Field::new(id, kind, "Say");
    let you = vec![
        Field { required: true, shortest: Some(2), longest: Some(40), ..field("name", FieldKind::Line) },
        Field { hint: "if you like".into(), ..field("wish", FieldKind::Text) },
        Field { least: Some(-1), most: Some(8), ..field("seats", FieldKind::Number) },
        field("mail", FieldKind::Email),
        field("phone", FieldKind::Phone),
    ];
    let (earliest, latest) = ("2027-01-01".into(), "2027-12-31".into());
    let visit = vec![
        Field { earliest, latest, ..field("day", FieldKind::Date) },
        Field { options: options.clone(), ..field("bread", FieldKind::One) },
        Field { options, most: Some(2), ..field("breads", FieldKind::Several) },
        field("terms", FieldKind::Agreement),
    ];
    let form = Form {
        header: "Padaria".into(),
        text: "Book a table".into(),
        label: "Book".into(),
        screens: vec![
            Screen { title: "You".into(), text: "Who comes?".into(), fields: you },
            Screen { fields: visit, ..Screen::default() },
        ],
        token: "visit-7".into(),
        known: vec![Known { id: "source".into(), value: "\"poster\"".into() }],
        ..Form::default()
    };
    let said = [
        ("name", "Ana"),
        ("seats", "4"),
        ("day", "2027-05-01"),
        ("bread", "rye"),
        ("breads", "oat"),
        ("terms", YES),
    ];
    let said = said.map(|(field, value)| (field.to_owned(), vec![value.to_owned()])).to_vec();
    let answer = FormAnswer::fill(MessageId::new([7; 16]), &form, said).unwrap();
    vec![Said::Form(Box::new(form)), Said::FormAnswer(Box::new(answer))]
}
