use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use super::merge::apply_merges;
use super::{Entry, Kind, Node, Scalar};
use crate::problem::{Finding, Position};

/// Most bytes of a file. The largest stack that the swarm takes in one transaction is smaller than this.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most values of a file, aliases written out: a guard against few lines that unfold to billions.
const NODES_MAX: usize = 200_000;
/// Deepest nesting. Compose needs about eight levels.
const DEPTH_MAX: usize = 48;

/// Reads a text as one document with aliases and merges written out.
///
/// # Errors
/// The first place that cannot be read, or all keys that are there twice.
pub(crate) fn parse(text: &str) -> Result<Node, Vec<Finding>> {
    let mut builder = Builder::default();
    builder.run(text).map_err(|finding| vec![finding])?;
    let mut findings = builder.findings;
    let mut root = builder.root.unwrap_or_else(|| empty(Position { line: 1, column: 1 }));
    apply_merges(&mut root, &mut findings);
    if findings.is_empty() { Ok(root) } else { Err(findings) }
}

fn empty(at: Position) -> Node {
    Node { at, kind: Kind::Scalar(Scalar { text: String::new(), plain: true }) }
}

/// What is being built at one level.
enum Open {
    Sequence { anchor: usize, at: Position, items: Vec<Node> },
    Mapping(OpenMapping),
}

#[derive(Default)]
struct OpenMapping {
    anchor: usize,
    at: Position,
    entries: Vec<Entry>,
    seen: BTreeMap<String, Position>,
    key: Option<(String, Position)>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    findings: Vec<Finding>,
}

impl Builder {
    fn run(&mut self, text: &str) -> Result<(), Finding> {
        let start = Position { line: 1, column: 1 };
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("the file has more than {} MiB", TEXT_BYTES_MAX / 1024 / 1024);
            return Err(Finding::new(start, "", message));
        }
        if let Some(offset) = text.find('\0') {
            let line = text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
            return Err(Finding::new(Position { line, column: 1 }, "", "not text: it holds a zero byte"));
        }
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| syntax(text, &error))?;
            self.take(event, position(&span.start))?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), Finding> {
        match event {
            Event::DocumentStart(_) => self.start_document(at),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let kind = Kind::Scalar(Scalar { text: text.into_owned(), plain });
                self.close(Node { at, kind }, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => {
                self.push(Open::Sequence { anchor, at, items: Vec::new() }, at)
            }
            Event::MappingStart(anchor, _) => {
                self.push(Open::Mapping(OpenMapping { anchor, at, ..OpenMapping::default() }), at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, at),
            _ => Ok(()),
        }
    }

    fn start_document(&mut self, at: Position) -> Result<(), Finding> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Finding::new(at, "", "a second document starts here: a compose file has one"));
        }
        Ok(())
    }

    fn push(&mut self, open: Open, at: Position) -> Result<(), Finding> {
        if matches!(self.open.last(), Some(Open::Mapping(mapping)) if mapping.key.is_none()) {
            return Err(Finding::new(at, &self.path(), "a key must be a text, not a list or mapping"));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Finding::new(at, "", format!("nested more than {DEPTH_MAX} levels deep")));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Finding> {
        match self.open.pop() {
            Some(Open::Sequence { anchor, at, items }) => {
                self.close(Node { at, kind: Kind::Sequence(items) }, anchor, 1)
            }
            Some(Open::Mapping(OpenMapping { anchor, at, entries, .. })) => {
                self.close(Node { at, kind: Kind::Mapping(entries) }, anchor, 1)
            }
            None => Ok(()),
        }
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), Finding> {
        match self.anchors.get(&anchor) {
            Some((node, size)) if self.nodes + size <= NODES_MAX => {
                let (node, size) = (node.clone(), *size);
                // The copies keep the places of the anchor: that is where a mistake in them is put right.
                self.close(node, 0, size)
            }
            Some(_) => Err(Finding::new(at, &self.path(), too_large())),
            None => Err(Finding::new(at, &self.path(), "an anchor cannot be used inside itself")),
        }
    }

    /// A value is complete: it goes where it belongs. `added` values are new with it.
    fn close(&mut self, node: Node, anchor: usize, added: usize) -> Result<(), Finding> {
        self.nodes += added;
        if self.nodes > NODES_MAX {
            return Err(Finding::new(node.at, "", too_large()));
        }
        if anchor != 0 {
            let size = count(&node);
            self.anchors.insert(anchor, (node.clone(), size));
            self.nodes += size;
        }
        let path = self.path();
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping(mapping)) => match mapping.key.take() {
                Some((key, at)) => mapping.entries.push(Entry { key, at, value: node }),
                None => mapping.start_entry(node, &path, &mut self.findings)?,
            },
        }
        Ok(())
    }

    /// The path of what is being built.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match open {
                Open::Sequence { items, .. } => path.push_str(&format!("[{}]", items.len())),
                Open::Mapping(mapping) => {
                    if let Some((key, _)) = &mapping.key {
                        path = join(&path, key);
                    }
                }
            }
        }
        path
    }
}

impl OpenMapping {
    /// A key was read; one that is there already is told but read on.
    fn start_entry(&mut self, key: Node, path: &str, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let Kind::Scalar(scalar) = key.kind else {
            return Err(Finding::new(key.at, path, "a key must be a text"));
        };
        if let Some(first) = self.seen.get(&scalar.text).filter(|_| scalar.text != "<<") {
            let message = format!("the key is there twice, first in line {}: remove one of them", first.line);
            findings.push(Finding::new(key.at, &join(path, &scalar.text), message));
        }
        self.seen.entry(scalar.text.clone()).or_insert(key.at);
        self.key = Some((scalar.text, key.at));
        Ok(())
    }
}

/// The path of a key in what has this path.
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn too_large() -> String {
    format!("the file unfolds to more than {NODES_MAX} values: use fewer aliases (*name)")
}

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::Sequence(items) => items.iter().map(count).sum(),
        Kind::Mapping(entries) => entries.iter().map(|entry| count(&entry.value)).sum(),
    }
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col() + 1 }
}

fn syntax(text: &str, error: &ScanError) -> Finding {
    let at = position(error.marker()).min(end(text));
    Finding::new(at, "", format!("this is not YAML: {}", error.info()))
}

/// Behind the last character that says something: where a text that breaks off is wrong.
fn end(text: &str) -> Position {
    let (index, line) = text.trim_end().lines().enumerate().last().unwrap_or_default();
    Position { line: index + 1, column: line.chars().count() + 1 }
}

#[cfg(test)]
#[path = "build_test.rs"]
mod tests;
