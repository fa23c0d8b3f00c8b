//! Foreign recordings to records.
