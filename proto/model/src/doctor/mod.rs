//! What `skep doctor` asks of nodes, what they measure, and what is found wrong.

mod check;
mod checkup;
mod diagnosis;
mod finding;
mod inquiry;
mod manager_report;
mod node_report;
mod path_report;
mod severity;

pub use check::Check;
pub use checkup::Checkup;
pub use diagnosis::Diagnosis;
pub use finding::Finding;
pub use inquiry::Inquiry;
pub use manager_report::ManagerReport;
pub use node_report::NodeReport;
pub use path_report::PathReport;
pub use severity::Severity;
