//! Changes to an imported image, in the words of a Dockerfile.

use crate::health_change::healthcheck;
use crate::{Config, Error};

/// Makes one change.
///
/// # Errors
/// When the instruction is not one that changes a configuration, or its text is malformed.
pub(crate) fn apply(config: &mut Config, change: &str) -> Result<(), Error> {
    let wrong = |reason: String| Error::Change { change: change.to_owned(), reason };
    let change = change.trim();
    let (instruction, rest) = change.split_once(char::is_whitespace).unwrap_or((change, ""));
    let rest = rest.trim();
    if rest.is_empty() {
        return Err(wrong("it says nothing after the instruction".to_owned()));
    }
    match instruction.to_ascii_uppercase().as_str() {
        "CMD" => config.cmd = command(rest),
        "ENTRYPOINT" => config.entrypoint = command(rest),
        "ENV" => {
            for (name, value) in pairs(rest).map_err(wrong)? {
                let prefix = format!("{name}=");
                config.env.retain(|variable| !variable.starts_with(&prefix));
                config.env.push(format!("{prefix}{value}"));
            }
        }
        "LABEL" => config.labels.extend(pairs(rest).map_err(wrong)?),
        "EXPOSE" => {
            for text in rest.split_whitespace() {
                let port = port(text).map_err(wrong)?;
                config.exposed_ports.retain(|exposed| *exposed != port);
                config.exposed_ports.push(port);
            }
        }
        "VOLUME" => {
            for path in volumes(rest).map_err(wrong)? {
                config.volumes.retain(|known| *known != path);
                config.volumes.push(path);
            }
        }
        "USER" => rest.clone_into(&mut config.user),
        "WORKDIR" if rest.starts_with('/') => rest.clone_into(&mut config.working_dir),
        "WORKDIR" => config.working_dir = format!("{}/{rest}", config.working_dir.trim_end_matches('/')),
        "HEALTHCHECK" => config.healthcheck = Some(healthcheck(rest).map_err(wrong)?),
        "STOPSIGNAL" => config.stop_signal = Some(rest.to_owned()),
        other => {
            let known =
                "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR";
            return Err(wrong(format!("'{other}' is not supported here; {known} are")));
        }
    }
    Ok(())
}

/// The JSON form, or words for a shell.
fn command(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| vec!["/bin/sh".into(), "-c".into(), text.to_owned()])
}

/// Paths in the JSON form, or with blanks between them.
fn volumes(text: &str) -> Result<Vec<String>, String> {
    let paths: Vec<String> =
        serde_json::from_str(text).unwrap_or_else(|_| text.split_whitespace().map(str::to_owned).collect());
    match paths.iter().find(|path| !path.starts_with('/') || path.trim_end_matches('/').is_empty()) {
        Some(path) => Err(format!("'{path}' is not an absolute path below /")),
        None => Ok(paths),
    }
}

fn port(text: &str) -> Result<String, String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let known = matches!(protocol, "tcp" | "udp" | "sctp");
    match number.parse::<u16>() {
        Ok(number) if number > 0 && known => Ok(format!("{number}/{protocol}")),
        _ => Err(format!("'{text}' is not a port of the form NUMBER[/tcp|/udp|/sctp]")),
    }
}

/// `a=b "c d"="e f"`, or the old form `a b c`, which is one pair.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let words = words(text)?;
    match words.first() {
        Some(first) if !first.contains('=') => {
            let (name, value) = text.split_once(char::is_whitespace).ok_or("it has no value")?;
            Ok(vec![(name.to_owned(), value.trim().to_owned())])
        }
        _ => words.iter().map(|word| pair(word)).collect(),
    }
}

fn pair(word: &str) -> Result<(String, String), String> {
    match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("'{word}' is not of the form NAME=VALUE")),
    }
}

/// Words as a shell splits them: quotes of both kinds, and `\` before a character.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            (mark, Some(open)) if mark == open => quote = None,
            ('\\', None | Some('"')) => {
                word.get_or_insert_default().push(characters.next().ok_or("it ends with '\\'")?);
            }
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (space, None) if space.is_whitespace() => words.extend(word.take()),
            (other, _) => word.get_or_insert_default().push(other),
        }
    }
    match quote {
        Some(open) => Err(format!("a {open} is not closed")),
        None => {
            words.extend(word);
            Ok(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_made() {
        let mut config = Config::default();
        for change in [
            "CMD [\"a\", \"b c\"]",
            "entrypoint run --now",
            "ENV A=1 B='two words' C=x\\ y",
            "ENV A 3 or \"4\"",
            "LABEL \"a b\"=c d=\"\"",
            "EXPOSE 80 53/udp 80/tcp",
            "VOLUME /v /w",
            "VOLUME [\"/x y\", \"/v\"]",
            "USER 1:2",
            "WORKDIR /a",
            "WORKDIR b",
            "STOPSIGNAL SIGINT",
            "HEALTHCHECK CMD true",
        ] {
            apply(&mut config, change).unwrap();
        }
        assert_eq!(config.cmd, ["a", "b c"]);
        assert_eq!(config.entrypoint, ["/bin/sh", "-c", "run --now"]);
        assert_eq!(config.env, ["B=two words", "C=x y", "A=3 or \"4\""]);
        assert_eq!((config.labels["a b"].as_str(), config.labels["d"].as_str()), ("c", ""));
        assert_eq!(config.exposed_ports, ["53/udp", "80/tcp"]);
        assert_eq!(config.volumes, ["/w", "/x y", "/v"]);
        assert_eq!((config.user.as_str(), config.working_dir.as_str()), ("1:2", "/a/b"));
        assert_eq!(config.stop_signal.as_deref(), Some("SIGINT"));
        assert_eq!(config.healthcheck.unwrap().test.unwrap(), ["CMD-SHELL", "true"]);
    }

    #[test]
    fn others_are_refused_by_name() {
        for (change, named) in [
            ("RUN x", "'RUN'"),
            ("VOLUME a", "'a'"),
            ("VOLUME /", "'/'"),
            ("CMD", "nothing"),
            ("ENV A", "no value"),
            ("ENV A=1 B", "'B'"),
            ("ENV A='1", "not closed"),
            ("EXPOSE 0", "'0'"),
            ("EXPOSE 80/x", "'80/x'"),
            ("", "nothing"),
        ] {
            let text = apply(&mut Config::default(), change).unwrap_err().to_string();
            assert!(text.contains(named), "{text}");
        }
    }
}
