//! Kinds of machines, in the words of images.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A system and a machine type: `linux/amd64`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Platform {
    #[serde(default)]
    pub(crate) os: String,
    #[serde(default)]
    pub(crate) architecture: String,
}

impl Platform {
    /// What this program runs on.
    pub(crate) fn of_machine() -> Self {
        // Images use Go's words.
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            "loongarch64" => "loong64",
            same => same,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned() }
    }

    /// Whether it is this machine's. What is not stated fits.
    pub(crate) fn fits(&self) -> bool {
        let machine = Self::of_machine();
        let fits = |stated: &str, has: &str| stated.is_empty() || stated == has;
        fits(&self.os, &machine.os) && fits(&self.architecture, &machine.architecture)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |text: &'_ str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
        write!(out, "{}/{}", word(&self.os), word(&self.architecture))
    }
}
