//! Nothing is lost on the way out and back, and no bytes from outside make us panic.

use proptest::prelude::*;
use prost::Message;
use skep_model::{
    AskedCall, AssignedContent, CallPiece, Change, Checkup, Diagnosis, EndpointTable, NodeReport, Object,
    ObjectKey, SwarmView, TaskAssignment, TaskReport,
};

use crate::{decode, encode, v1};

#[test]
fn a_table_of_before_the_tunnel_has_none() {
    let stored = v1::EndpointTable { version: 7, ..Default::default() };
    let table = EndpointTable { version: 7, ..EndpointTable::default() };
    assert_eq!(decode::<EndpointTable>(&stored.encode_to_vec()).unwrap(), table);
    // Nothing is written either, so that older nodes read as before.
    assert_eq!(encode(&table), stored.encode_to_vec());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn objects(object: Object) {
        prop_assert_eq!(decode::<Object>(&encode(&object)).unwrap(), object);
    }

    #[test]
    fn keys(key: ObjectKey) {
        prop_assert_eq!(decode::<ObjectKey>(&encode(&key)).unwrap(), key);
    }

    #[test]
    fn changes(change: Change) {
        prop_assert_eq!(decode::<Change>(&encode(&change)).unwrap(), change);
    }

    #[test]
    fn assignments(assignment: TaskAssignment) {
        prop_assert_eq!(decode::<TaskAssignment>(&encode(&assignment)).unwrap(), assignment);
    }

    #[test]
    fn reports(report: TaskReport) {
        prop_assert_eq!(decode::<TaskReport>(&encode(&report)).unwrap(), report);
    }

    #[test]
    fn contents(content: AssignedContent) {
        prop_assert_eq!(decode::<AssignedContent>(&encode(&content)).unwrap(), content);
    }

    #[test]
    fn call_pieces(piece: CallPiece) {
        prop_assert_eq!(decode::<CallPiece>(&encode(&piece)).unwrap(), piece);
    }

    #[test]
    fn asked_calls(call: AskedCall) {
        prop_assert_eq!(decode::<AskedCall>(&encode(&call)).unwrap(), call);
    }

    #[test]
    fn checkups(checkup: Checkup) {
        prop_assert_eq!(decode::<Checkup>(&encode(&checkup)).unwrap(), checkup);
    }

    #[test]
    fn node_reports(report: NodeReport) {
        prop_assert_eq!(decode::<NodeReport>(&encode(&report)).unwrap(), report);
    }

    #[test]
    fn diagnoses(diagnosis: Diagnosis) {
        prop_assert_eq!(decode::<Diagnosis>(&encode(&diagnosis)).unwrap(), diagnosis);
    }

    #[test]
    fn swarm_views(view: SwarmView) {
        prop_assert_eq!(decode::<SwarmView>(&encode(&view)).unwrap(), view);
    }

    #[test]
    fn endpoint_tables(table: EndpointTable) {
        prop_assert_eq!(decode::<EndpointTable>(&encode(&table)).unwrap(), table);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode::<Object>(&bytes);
        let _ = decode::<Change>(&bytes);
        let _ = decode::<TaskAssignment>(&bytes);
    }

    #[test]
    fn damaged_objects(object: Object, at: prop::sample::Index, byte: u8) {
        let mut bytes = encode(&object);
        let position = at.index(bytes.len());
        bytes[position] = byte;
        let _ = decode::<Object>(&bytes);
    }
}
