use skep_model::PlainPlace;

/// What a plain container asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentWish {
    /// Its id.
    pub container: String,
    /// Its name.
    pub name: String,
    /// The networks.
    pub places: Vec<PlainPlace>,
}
