//! Samples and current geometry to parameters.
