//! What users ask of one node for as long as they watch.

use skep_model::{CallPiece, NodeCall};

use super::{Wire, message};
use crate::{WireError, v1};

message!(AskedCall { id } nested { call });
message!(LogQuery { since_ns, until_ns, tail, follow });
message!(ExecSpec { tty, stdin } nested { command });

impl Wire for NodeCall {
    type Form = v1::NodeCall;
    fn to_wire(&self) -> v1::NodeCall {
        use v1::node_call::Of;
        let (task, of) = match self {
            Self::Logs(task, query) => (task, Of::Logs(query.to_wire())),
            Self::Exec(task, spec) => (task, Of::Exec(spec.to_wire())),
        };
        v1::NodeCall { task: task.to_wire(), of: Some(of) }
    }
    fn from_wire(form: v1::NodeCall) -> Result<Self, WireError> {
        use v1::node_call::Of;
        let task = Wire::from_wire(form.task)?;
        Ok(match form.of.ok_or(WireError::Missing { field: "NodeCall.of" })? {
            Of::Logs(query) => Self::Logs(task, Wire::from_wire(query)?),
            Of::Exec(spec) => Self::Exec(task, Wire::from_wire(spec)?),
        })
    }
}

impl Wire for CallPiece {
    type Form = v1::CallPiece;
    fn to_wire(&self) -> v1::CallPiece {
        use v1::call_piece::{Failed, Line, Nothing, Of, Output, Resize};
        let of = match self.clone() {
            Self::Begun => Of::Begun(Nothing {}),
            Self::Line { at_ns, stderr, text } => Of::Line(Line { at_ns, stderr, text }),
            Self::Output { stderr, bytes } => Of::Output(Output { stderr, bytes }),
            Self::Input(bytes) => Of::Input(bytes),
            Self::InputEnd => Of::InputEnd(Nothing {}),
            Self::Resize { rows, columns } => {
                Of::Resize(Resize { rows: rows.to_wire(), columns: columns.to_wire() })
            }
            Self::Exit(code) => Of::Exit(code),
            Self::Failed { missing, reason } => Of::Failed(Failed { missing, reason }),
        };
        v1::CallPiece { of: Some(of) }
    }
    fn from_wire(form: v1::CallPiece) -> Result<Self, WireError> {
        use v1::call_piece::Of;
        Ok(match form.of.ok_or(WireError::Missing { field: "CallPiece.of" })? {
            Of::Begun(_) => Self::Begun,
            Of::Line(line) => Self::Line { at_ns: line.at_ns, stderr: line.stderr, text: line.text },
            Of::Output(output) => Self::Output { stderr: output.stderr, bytes: output.bytes },
            Of::Input(bytes) => Self::Input(bytes),
            Of::InputEnd(_) => Self::InputEnd,
            Of::Resize(size) => {
                Self::Resize { rows: Wire::from_wire(size.rows)?, columns: Wire::from_wire(size.columns)? }
            }
            Of::Exit(code) => Self::Exit(code),
            Of::Failed(failed) => Self::Failed { missing: failed.missing, reason: failed.reason },
        })
    }
}
