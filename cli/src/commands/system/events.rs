use clap::Args;
use http_body_util::BodyExt;
use serde_json::Value;
use skep_model::Timestamp;
use skep_rest::{Event, rfc3339};

use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{self, Template};

/// Get events as they happen.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Filter output based on conditions provided.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// Show all events since a timestamp or relative (42m for 42 minutes).
    #[arg(long)]
    since: Option<String>,
    /// Stream events until this timestamp.
    #[arg(long)]
    until: Option<String>,
    /// Format output: 'json', or a template like '{{.Action}}'.
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Events {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let filters = Filters::parse(&self.filter)?;
        let template = match self.format.as_deref() {
            None | Some("json") => None,
            Some(format) => Some(Template::parse(format)?),
        };
        let query = Query::new("/events")
            .with_some("since", self.since.as_deref())
            .with_some("until", self.until.as_deref())
            .with_some("filters", filters.json().as_deref());
        let mut body = client.stream(query.as_str()).await?;
        let mut text = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Failure::talk("the stream of events broke off", error))?;
            text.extend_from_slice(&frame.into_data().unwrap_or_default());
            while let Some(end) = text.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                self.show(&line, template.as_ref())?;
            }
        }
        Ok(())
    }

    fn show(&self, line: &[u8], template: Option<&Template>) -> Result<(), Failure> {
        let unreadable = |error| Failure::talk("an event cannot be read", error);
        if let Some(template) = template {
            return output::line(
                template.render(&serde_json::from_slice::<Value>(line).map_err(unreadable)?),
            );
        }
        if self.format.is_some() {
            return output::line(String::from_utf8_lossy(line).trim_end());
        }
        output::line(plain(&serde_json::from_slice(line).map_err(unreadable)?))
    }
}

fn plain(event: &Event) -> String {
    let attributes: Vec<String> =
        event.actor.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let at = rfc3339(Timestamp::from_nanos(event.time_nano));
    format!("{at} {} {} {} ({})", event.kind, event.action, event.actor.id, attributes.join(", "))
}
