# What CI runs, and each of its steps alone: `just ci`, `just ci clippy`.

default: ci

ci *STEP:
    bash .ci/run {{STEP}}

# Formats everything.
fmt:
    cargo fmt --all

# Time of a filter step.
bench:
    cargo bench --bench step

# A simulated week in one run.
soak:
    cargo bench --bench soak

# Accuracy on recorded data: `just accuracy DIR`; `--accept` records the figures it is compared with.
accuracy *ARGS:
    cargo bench -p wayfix-datasets --bench accuracy -- {{ARGS}}

# Accepts what the golden replay records say now.
golden-accept:
    WAYFIX_ACCEPT=1 cargo test --workspace --test golden -- --nocapture
