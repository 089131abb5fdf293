/// What is asked of `skep doctor`'s part of the managers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inquiry {
    /// All nodes look now.
    #[default]
    Look,
    /// They also mend what they can.
    Repair,
    /// Nobody looks: what nodes noted of the ways between them by themselves, within about half a minute.
    Recall,
}
