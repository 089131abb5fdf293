use skep_model::{Constraint, Placement};

use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};

/// `deploy.placement`.
pub(super) fn placement(field: &Field<'_>, out: &mut Findings) -> Placement {
    let mut placement = Placement::default();
    for entry in field.entries(out) {
        match entry.key {
            "constraints" => {
                for item in entry.items(out) {
                    let read = |text: &str| {
                        text.parse::<Constraint>().map(|_| text.to_owned()).map_err(|error| error.reason)
                    };
                    placement.constraints.extend(item.parsed(out, read));
                }
            }
            "preferences" => {
                for item in entry.items(out) {
                    placement.spread.extend(preference(&item, out));
                }
            }
            "max_replicas_per_node" => {
                placement.max_replicas_per_node = entry.number(out).unwrap_or_default();
            }
            _ => refuse_unknown(&entry, &["constraints", "preferences", "max_replicas_per_node"], out),
        }
    }
    placement
}

fn preference(item: &Field<'_>, out: &mut Findings) -> Option<String> {
    let mut spread = None;
    for entry in item.entries(out) {
        match entry.key {
            "spread" => spread = entry.text(out),
            _ => refuse_unknown(&entry, &["spread"], out),
        }
    }
    spread
}
