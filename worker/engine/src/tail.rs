//! The last lines of a container's output.

use skep_model::limits;

use crate::container::Container;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::logs::LogRequest;

impl Engine {
    /// The last lines that a container wrote, oldest first, as short as managers keep them.
    pub(crate) async fn log_tail(&self, container: &Container) -> Result<Vec<String>, EngineError> {
        let tail = u64::try_from(limits::LOG_TAIL_LINES).ok();
        let request = LogRequest { tail, ..LogRequest::default() };
        let mut log = self.logs(&container.info.id, request).await?;
        let mut lines = Vec::new();
        while let Some(line) = log.next().await? {
            lines.push(shortened(&line.bytes));
        }
        Ok(lines)
    }
}

fn shortened(line: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(line).into_owned();
    text.truncate(text.floor_char_boundary(limits::LOG_TAIL_LINE_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(shortened(b"short \xff"), "short \u{fffd}");
        let long = shortened("ä".repeat(500).as_bytes());
        assert_eq!(long.len(), limits::LOG_TAIL_LINE_BYTES_MAX);
    }
}
