//! Who may import whom, directly; dev-dependencies do not count.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::tree::root;

/// Each crate and those of ours that it may import.
const TABLE: &[(&str, &[&str])] = &[
    ("skep-model", &[]),
    ("skep-wire", &["skep-model"]),
    ("skep-rest", &["skep-model"]),
    ("skep-runtime", &["skep-model"]),
    ("skep-identity", &["skep-model"]),
    ("skep-durable", &[]),
    ("skep-api", &["skep-manager", "skep-model", "skep-rest", "skep-runtime", "skep-store"]),
    (
        "skep-node",
        &[
            "skep-api",
            "skep-durable",
            "skep-engine",
            "skep-identity",
            "skep-image",
            "skep-manager",
            "skep-model",
            "skep-rest",
            "skep-runtime",
            "skep-worker",
        ],
    ),
    (
        "skep-manager",
        &[
            "skep-identity",
            "skep-log",
            "skep-model",
            "skep-plan",
            "skep-raft",
            "skep-runtime",
            "skep-store",
            "skep-wire",
        ],
    ),
    ("skep-store", &["skep-model", "skep-runtime"]),
    ("skep-log", &[]),
    // The second only with the feature `sim`.
    ("skep-raft", &["skep-log", "skep-runtime"]),
    ("base2histogram", &[]),
    ("skep-plan", &["skep-model", "skep-runtime", "skep-store"]),
    (
        "skep-worker",
        &[
            "skep-agent",
            "skep-durable",
            "skep-engine",
            "skep-identity",
            "skep-image",
            "skep-model",
            "skep-network",
            "skep-runtime",
            "skep-wire",
        ],
    ),
    ("skep-executor", &["skep-model", "skep-runtime"]),
    ("skep-agent", &["skep-executor", "skep-model", "skep-runtime", "skep-wire"]),
    (
        "skep-engine",
        &[
            "skep-durable",
            "skep-executor",
            "skep-image",
            "skep-keeper",
            "skep-model",
            "skep-network",
            "skep-runtime",
        ],
    ),
    ("skep-keeper", &[]),
    ("skep-image", &["skep-durable"]),
    ("skep-network", &["skep-model"]),
    ("skep-compose", &["skep-model"]),
    (
        "skep",
        &["skep-compose", "skep-image", "skep-keeper", "skep-model", "skep-node", "skep-rest", "skep-whoami"],
    ),
    ("skep-whoami", &[]),
];

#[test]
fn every_import_is_in_the_table() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let mut wrong = Vec::new();
    for package in metadata.packages.iter().filter(|package| !is_test(package)) {
        let name = package.name.to_string();
        let Some(allowed) = table.get(name.as_str()) else {
            wrong.push(format!("{name} is not in the table"));
            continue;
        };
        let ours = package.dependencies.iter().filter(|dependency| dependency.name.starts_with("skep"));
        for dependency in ours.filter(|dependency| dependency.kind != DependencyKind::Development) {
            if !allowed.contains(&dependency.name.as_str()) {
                wrong.push(format!("{name} imports {}", dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "against the import table:\n{}", wrong.join("\n"));
}

fn is_test(package: &cargo_metadata::Package) -> bool {
    package.manifest_path.as_str().contains("/tests/")
}
