//! What a person does to an order in the ERP's own screens: change it, cancel it, close it, delete it.
//! The addon has no route for this; a test and the demo ask for it over `/sim/order/edit`.
//! Leaves out what the addon's routes change (`change.rs`).

use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

use super::OdooError;
use super::book::{BookComponent, NewComponent, OdooBook, OrderState, Told, product_id};
use super::standard::{LotEdit, Lots, Uom, demand};

/// An edit by a person. What is not named stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderEdit {
    /// The order's name.
    pub name: String,
    /// Another ordered quantity.
    pub quantity_g: Option<Grams>,
    /// Another mass that the BoM's lines refer to, taken into the order (*Update BoM*).
    pub bom_quantity_g: Option<Grams>,
    /// The BoM alone is changed: the order goes on asking for what it asked for.
    pub bom_only: bool,
    /// The order takes its BoM as it stands now.
    pub update_bom: bool,
    /// Another product.
    pub product: Option<String>,
    /// Another planned start.
    pub schedule_start: Option<String>,
    /// Another quantity of the component with this equipment, or a component that was not there.
    pub put_component: Option<NewComponent>,
    /// The component with this equipment code goes.
    pub remove_component: Option<String>,
    /// The component with the first code comes from the second from now on.
    pub move_component: Option<(String, String)>,
    /// The order is closed as it stands, stock included.
    pub close: bool,
    /// Another state: cancelled, closed, or opened again.
    pub state: Option<OrderState>,
    /// Lots are assigned, or a product is tracked from now on.
    pub lots: Option<LotEdit>,
    /// The order is deleted.
    pub delete: bool,
}

impl OdooBook {
    /// Carries out a person's edit.
    ///
    /// # Errors
    /// [`OdooError::Unknown`] when there is no such order; nothing has changed then.
    pub fn edit(&mut self, edit: OrderEdit) -> Result<(), OdooError> {
        let index = self
            .orders
            .iter()
            .position(|order| order.name == edit.name)
            .ok_or_else(|| OdooError::Unknown(edit.name.clone()))?;
        if edit.delete {
            self.orders.remove(index);
            return Ok(());
        }
        let move_id = self.next_id();
        let order = &mut self.orders[index];
        let asked: Vec<_> = order
            .components
            .iter()
            .map(|one| demand(order, one))
            .collect();
        for (component, asked) in order.components.iter_mut().zip(asked) {
            if edit.bom_only {
                component.demand_g = Some(asked);
            } else if edit.update_bom {
                component.demand_g = None;
            }
        }
        if let Some(quantity_g) = edit.quantity_g {
            // A person's own change, so it is what is ordered now: nobody sent a target alias.
            order.ordered_g = quantity_g;
            order.quantity_g = quantity_g;
        }
        if let Some(bom_quantity_g) = edit.bom_quantity_g {
            order.bom_quantity_g = bom_quantity_g;
        }
        if let Some(product) = edit.product {
            order.product = product;
        }
        if edit.schedule_start.is_some() {
            order.schedule_start = edit.schedule_start;
        }
        if let Some(code) = edit.remove_component {
            order.components.retain(|c| c.equipment != code);
        }
        if let Some((from, to)) = edit.move_component {
            for component in order.components.iter_mut().filter(|c| c.equipment == from) {
                component.equipment.clone_from(&to);
            }
        }
        if let Some(put) = edit.put_component {
            let equipment = put.equipment.unwrap_or_else(|| order.equipment.clone());
            match order
                .components
                .iter_mut()
                .find(|c| c.equipment == equipment && c.product == put.product)
            {
                Some(known) => known.to_consume_g = put.to_consume_g,
                None => order.components.push(BookComponent {
                    move_id,
                    product_id: product_id(&put.product),
                    product: put.product,
                    to_consume_g: put.to_consume_g,
                    uom: Uom::default(),
                    told: Told::default(),
                    lots: Lots::default(),
                    demand_g: None,
                    consumed_g: Grams::ZERO,
                    equipment,
                }),
            }
        }
        if let Some(state) = edit.state {
            order.state = state;
        }
        if edit.close {
            self.orders[index].state = OrderState::Done;
            self.settle(index);
        }
        if let Some(lots) = edit.lots {
            self.assign_lots(&edit.name, lots)?;
        }
        Ok(())
    }
}
