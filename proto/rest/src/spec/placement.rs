use serde::{Deserialize, Serialize};
use skep_model as model;

use super::filled;
use crate::error::{Others, Unsupported, refuse_others};

/// Where tasks may run and how they are spread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Placement {
    /// What a node must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Vec<String>>,
    /// What tasks are spread over, the outermost first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferences: Option<Vec<PlacementPreference>>,
    /// Most tasks on one node; 0 for no bound.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_replicas: u64,
    /// Where the image runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platforms: Option<Vec<SpecPlatform>>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// One preference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PlacementPreference {
    /// To be spread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<SpreadOver>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// To be spread over the values of a label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SpreadOver {
    /// `node.labels.K` or `engine.labels.K`.
    pub spread_descriptor: String,
}

/// A kind of machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpecPlatform {
    /// E.g. `amd64`; any when empty.
    #[serde(rename = "Architecture")]
    pub architecture: String,
    /// E.g. `linux`; any when empty.
    #[serde(rename = "OS")]
    pub os: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<&model::Placement> for Placement {
    fn from(placement: &model::Placement) -> Self {
        let preferences = placement.spread.iter().map(|descriptor| PlacementPreference {
            spread: Some(SpreadOver { spread_descriptor: descriptor.clone() }),
            others: Others::new(),
        });
        let platforms = placement.platforms.iter().map(|platform| SpecPlatform {
            architecture: platform.architecture.clone(),
            os: platform.os.clone(),
        });
        Self {
            constraints: filled(placement.constraints.clone()),
            preferences: filled(preferences.collect()),
            max_replicas: placement.max_replicas_per_node,
            platforms: filled(platforms.collect()),
            others: Others::new(),
        }
    }
}

impl TryFrom<Placement> for model::Placement {
    type Error = Unsupported;

    fn try_from(placement: Placement) -> Result<Self, Unsupported> {
        refuse_others("TaskTemplate.Placement", &placement.others)?;
        let preferences = placement.preferences.unwrap_or_default().into_iter();
        let spread = preferences.map(|preference| {
            refuse_others("TaskTemplate.Placement.Preferences", &preference.others)?;
            Ok(preference.spread.unwrap_or_default().spread_descriptor)
        });
        let platforms = placement.platforms.unwrap_or_default().into_iter();
        Ok(Self {
            constraints: placement.constraints.unwrap_or_default(),
            spread: spread.collect::<Result<_, Unsupported>>()?,
            max_replicas_per_node: placement.max_replicas,
            platforms: platforms
                .map(|platform| model::Platform { architecture: platform.architecture, os: platform.os })
                .collect(),
        })
    }
}
