//! What customers order, compared with what is sold.

use crate::domain::business::catalog;
use crate::store::table::Rows;
use crate::wire::said::order::{Found, Order};

/// Writes down what the catalog says of each thing of an order now: whether it is sold, and at which price. What is sold has
/// the name that it has here, whatever stands in the order.
pub fn compare(rows: &impl Rows, order: &mut Order) {
    for ordered in &mut order.items {
        ordered.found = Some(match catalog::get(rows, &ordered.id) {
            None => Found::Unknown,
            Some(item) => {
                ordered.name.clone_from(&item.name);
                if item.price == ordered.price { Found::AsSold } else { Found::OtherPrice(item.price) }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Money;
    use crate::domain::business::catalog::Item;
    use crate::store::memory::NOTHING;
    use crate::store::tx::Tx;
    use crate::wire::said::order::tests::order;

    #[test]
    fn an_order_is_compared_with_what_is_sold_now() {
        let tx = Tx::new(&NOTHING);
        let price = |amount: &str, currency: &str| Money::parse(amount, currency.parse().unwrap()).unwrap();
        let item = |id: &str, price| Item { id: id.into(), name: "Ours".into(), about: String::new(), price };
        let found = || {
            let mut order = order();
            compare(&tx, &mut order);
            order.items.into_iter().map(|item| (item.name, item.found.unwrap())).collect::<Vec<_>>()
        };
        let unknown = |name: &str| (name.to_owned(), Found::Unknown);
        assert_eq!(found(), [unknown("Thing rye"), unknown("Thing oat")]);
        catalog::put(&tx, item("rye", price("19.90", "BRL")));
        catalog::put(&tx, item("oat", price("5", "BRL")));
        let changed = Found::OtherPrice(price("5", "BRL"));
        assert_eq!(found(), [("Ours".to_owned(), Found::AsSold), ("Ours".to_owned(), changed)]);
        catalog::put(&tx, item("rye", price("19.90", "USD")));
        assert_eq!(
            found()[0].1,
            Found::OtherPrice(price("19.90", "USD")),
            "another currency is another price"
        );
    }
}
