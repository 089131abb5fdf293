use crate::{Invalid, LogDriver, limits};

/// How much of a container's output is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFiles {
    /// Bytes at which a new file begins.
    pub size_max_bytes: u64,
    /// Files that are kept, the one being written included; 0: nothing is kept at all.
    pub files_max: u32,
}

impl Default for LogFiles {
    fn default() -> Self {
        Self { size_max_bytes: limits::LOG_FILE_BYTES_MAX, files_max: limits::LOG_FILES_KEPT }
    }
}

impl LogFiles {
    /// What a driver keeps: `json-file` and `local` (which are the same here) take `max-size` and `max-file`, `none` keeps nothing.
    ///
    /// # Errors
    /// When nodes do not have the driver, or it does not have the option.
    pub fn of(driver: &LogDriver) -> Result<Self, Invalid> {
        let mut files = match driver.name.as_str() {
            "" | "json-file" | "local" => Self::default(),
            "none" => Self { files_max: 0, ..Self::default() },
            other => {
                let reason =
                    format!("'{other}' is not a log driver that nodes have: json-file, local or none");
                return Err(Invalid::new("name", reason));
            }
        };
        for (key, text) in &driver.options {
            let wrong = |what: &str| Invalid::new("options", format!("{key}: '{text}' is not {what}"));
            match key.as_str() {
                "max-size" if files.files_max != 0 => {
                    files.size_max_bytes = bytes(text).ok_or_else(|| wrong("a size like 10m"))?;
                }
                "max-file" if files.files_max != 0 => {
                    let count = text.parse().ok().filter(|count| (1..=1000).contains(count));
                    files.files_max = count.ok_or_else(|| wrong("a number from 1 to 1000"))?;
                }
                // What nothing here does anyway.
                "compress" if text == "false" && files.files_max != 0 => {}
                _ => {
                    let name = if driver.name.is_empty() { "json-file" } else { &driver.name };
                    let reason = format!(
                        "unknown log opt '{key}' for {name} log driver: it has max-size and max-file"
                    );
                    return Err(Invalid::new("options", reason));
                }
            }
        }
        Ok(files)
    }
}

/// `512`, `10k`, `10m`, `1g`, also with a `b` behind.
fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let number = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match lower.strip_prefix(number)? {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|&bytes| bytes != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, options: &[(&str, &str)]) -> Result<(u64, u32), String> {
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let files = LogFiles::of(&LogDriver { name: name.into(), options });
        files.map(|files| (files.size_max_bytes, files.files_max)).map_err(|error| error.to_string())
    }

    #[test]
    fn drivers_and_their_options() {
        let default = LogFiles::default();
        assert_eq!(read("", &[]), Ok((default.size_max_bytes, default.files_max)));
        assert_eq!(read("local", &[("max-size", "10m"), ("max-file", "2")]), Ok((10 << 20, 2)));
        assert_eq!(
            read("json-file", &[("max-size", "512"), ("compress", "false")]),
            Ok((512, default.files_max))
        );
        assert_eq!(read("none", &[]).map(|(_, files)| files), Ok(0));
        for (name, options, told) in [
            ("syslog", &[][..], "name: 'syslog' is not a log driver that nodes have"),
            ("local", &[("tag", "x")], "options: unknown log opt 'tag' for local log driver"),
            ("none", &[("max-file", "1")], "options: unknown log opt 'max-file' for none log driver"),
            ("local", &[("max-size", "much")], "options: max-size: 'much' is not a size"),
            ("local", &[("max-size", "0")], "options: max-size: '0' is not a size"),
            ("local", &[("max-file", "0")], "options: max-file: '0' is not a number"),
        ] {
            let error = read(name, options).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
