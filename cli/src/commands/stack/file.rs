use std::io::Read;
use std::path::{Path, PathBuf};

use skep_compose::{declared_name, load, normalise_project};
use skep_model::StackSpec;

use crate::failure::Failure;

/// Looked for, in this order, in a directory that is given instead of a file.
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// A compose file that was read.
#[derive(Debug)]
pub(crate) struct ComposeFile {
    /// As the user named it.
    shown: String,
    /// Where relative paths in it start; absolute.
    base: PathBuf,
    text: String,
}

impl ComposeFile {
    /// Reads a file, the compose file in a directory, or standard input for `-`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let here = std::env::current_dir().map_err(|error| Failure::file(Path::new("."), error))?;
        if path == Path::new("-") {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::file(path, error))?;
            return Ok(Self { shown: "stdin".into(), base: here, text });
        }
        let path = if path.is_dir() { inside(path)? } else { path.to_owned() };
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::file(&path, error))?;
        let base = path.parent().map(|parent| here.join(parent)).unwrap_or(here);
        let base = std::fs::canonicalize(&base).unwrap_or(base);
        Ok(Self { shown: path.display().to_string(), base, text })
    }

    /// The name that it gives its stack, or its directory's.
    pub(crate) fn stack_name(&self) -> Result<String, Failure> {
        if let Some(name) = declared_name(&self.text, &variable) {
            return Ok(name);
        }
        let folder = self.base.file_name().unwrap_or_default().to_string_lossy();
        match normalise_project(&folder) {
            name if name.is_empty() => Err(Failure::Asked(format!(
                "{}: the stack has no name: give it one with 'name:' in the file or with --name",
                self.shown
            ))),
            name => Ok(name),
        }
    }

    /// The stack that it describes.
    pub(crate) fn spec(&self, name: &str) -> Result<StackSpec, Failure> {
        load(&self.text, &self.shown, name, &variable, &self.base).map_err(Failure::Compose)
    }
}

fn inside(directory: &Path) -> Result<PathBuf, Failure> {
    let mut candidates = NAMES.iter().map(|name| directory.join(name));
    candidates.find(|path| path.is_file()).ok_or_else(|| {
        Failure::Asked(format!("{} holds no compose file ({})", directory.display(), NAMES.join(", ")))
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_file_or_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("My App");
        std::fs::create_dir(&folder).unwrap();
        assert!(ComposeFile::read(&folder).unwrap_err().to_string().contains("compose.yml"));
        std::fs::write(folder.join("compose.yml"), "services: {web: {image: a}}").unwrap();
        let file = ComposeFile::read(&folder).unwrap();
        let name = file.stack_name().unwrap();
        assert_eq!(name, normalise_project("My App"));
        assert_eq!(file.spec(&name).unwrap().services[0].name, format!("{name}_web"));
        std::fs::write(folder.join("compose.yml"), "name: own\nservices: {web: {imag: a}}").unwrap();
        let file = ComposeFile::read(&folder.join("compose.yml")).unwrap();
        assert_eq!(file.stack_name().unwrap(), "own");
        assert!(file.spec("own").unwrap_err().to_string().contains("compose.yml:2:"));
        assert!(ComposeFile::read(&folder.join("nothing")).unwrap_err().to_string().contains("No such file"));
    }
}
