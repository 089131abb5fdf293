use std::time::Duration;

/// What the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) port: u16,
    /// Datagrams are answered there, too.
    pub(crate) udp_port: Option<u16>,
    pub(crate) delay: Duration,
    pub(crate) start_delay: Duration,
    pub(crate) fail_health: bool,
    pub(crate) crash_after: Option<Duration>,
    pub(crate) exit_code: i32,
    pub(crate) ignore_sigterm: bool,
    pub(crate) log: bool,
    pub(crate) task: Option<String>,
}

impl Settings {
    /// Reads the variables.
    ///
    /// # Errors
    /// The first one that is not a number.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let number = |name: &str| match variable(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => {
                let wrong = || format!("{name} is '{text}', which is not a number from 0 on");
                text.parse::<u32>().map(Some).map_err(|_| wrong())
            }
        };
        let millis =
            |name: &str| Ok::<_, String>(number(name)?.map(|value| Duration::from_millis(value.into())));
        let flag =
            |name: &str| variable(name).is_some_and(|text| !matches!(text.as_str(), "" | "0" | "false"));
        let port = |name: &str| {
            let wrong = |port: u32| format!("{name} is {port}, which is not a port");
            number(name)?.map(|port| u16::try_from(port).map_err(|_| wrong(port))).transpose()
        };
        Ok(Self {
            port: port("WHOAMI_PORT")?.unwrap_or(80),
            udp_port: port("WHOAMI_UDP_PORT")?,
            delay: millis("WHOAMI_DELAY_MS")?.unwrap_or_default(),
            start_delay: millis("WHOAMI_START_DELAY_MS")?.unwrap_or_default(),
            fail_health: flag("WHOAMI_FAIL_HEALTH"),
            crash_after: millis("WHOAMI_CRASH_AFTER_MS")?,
            exit_code: number("WHOAMI_EXIT_CODE")?.map_or(1, |code| i32::try_from(code & 0xff).unwrap_or(1)),
            ignore_sigterm: flag("WHOAMI_IGNORE_SIGTERM"),
            log: flag("WHOAMI_LOG"),
            task: variable("SKEP_TASK"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_own_words() {
        let plain = Settings::read(|_| None).unwrap();
        assert_eq!((plain.port, plain.exit_code, plain.log, plain.crash_after), (80, 1, false, None));
        assert_eq!(plain.udp_port, None);
        let set = |name: &str| match name {
            "WHOAMI_PORT" => Some("8080".to_owned()),
            "WHOAMI_UDP_PORT" => Some("53".to_owned()),
            "WHOAMI_CRASH_AFTER_MS" => Some("20".to_owned()),
            "WHOAMI_EXIT_CODE" => Some("7".to_owned()),
            "WHOAMI_LOG" => Some("1".to_owned()),
            _ => None,
        };
        let set = Settings::read(set).unwrap();
        assert_eq!((set.port, set.exit_code, set.log), (8080, 7, true));
        assert_eq!(set.udp_port, Some(53));
        assert_eq!(set.crash_after, Some(Duration::from_millis(20)));
        let wrong =
            Settings::read(|name| (name == "WHOAMI_DELAY_MS").then(|| "soon".to_owned())).unwrap_err();
        assert!(wrong.contains("WHOAMI_DELAY_MS") && wrong.contains("soon"), "{wrong}");
        let wrong = Settings::read(|name| (name == "WHOAMI_UDP_PORT").then(|| "70000".to_owned()));
        let wrong = wrong.unwrap_err();
        assert!(wrong.contains("WHOAMI_UDP_PORT") && wrong.contains("70000"), "{wrong}");
    }
}
