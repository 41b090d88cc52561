# What one does every day. `just` alone lists it.

default:
    @just --list

# Formatting, lints, the pure build.
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo clippy --lib --no-default-features -- -D warnings
    cargo fmt --check --manifest-path fuzz/Cargo.toml

# All tests, or those whose names contain `filter`.
test filter="":
    cargo test {{filter}}

# The whole job on this machine, step by step.
demo:
    cargo run --release -- demo

# The program as it is installed, in target/dist.
dist:
    cargo build --locked --profile dist

# Speed: the session's operations, then whole paths between two nodes, then a business with a thousand customers.
bench:
    cargo bench --bench session
    cargo run --profile dist -- bench
    cargo run --profile dist -- bench --customers 1000

# Power cuts, disk errors and kills at every storage call, for so many seeds; then redb under the same tests.
power runs="5":
    SIGILLO_POWER_RUNS={{runs}} cargo test --release --test power -- --nocapture
    -cargo test --release --test power -- --nocapture --ignored

# Space, opening and replay of the store with a million rows; some minutes and 2 GiB.
bench-disk:
    cargo bench --bench disk

# Nodes behind real NATs, in network namespaces; needs root, `ip` and `nft`.
nat filter="":
    cargo test --test nat -- --ignored --test-threads=1 {{filter}}

# Other people's clients of the Cloud API, unmodified, against a running node; needs python3, node, PyPI and npm.
outside:
    tests/outside/run

# Simulated worlds for so many minutes, each with a fresh seed; the first broken rule is told with its seed.
soak minutes="60" workload="all":
    cargo run --release -- lab sim --minutes {{minutes}} --workload {{workload}}

# The library's documentation.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Licences, sources, duplicates and known advisories of the dependencies; needs cargo-deny.
deny:
    cargo deny check

# Fuzzes one target for some seconds; `fuzz/run` alone names the targets.
fuzz target seconds="60" *options:
    fuzz/run {{target}} {{seconds}} {{options}}

# Fuzzes every target for some seconds each.
fuzz-all seconds:
    fuzz/run all {{seconds}}

# Replays the samples and kept crashes of every target, and fuzzes each for a moment.
fuzz-smoke:
    fuzz/run smoke

# Writes the samples that fuzzing begins with anew.
fuzz-samples:
    cargo run --release --manifest-path fuzz/Cargo.toml --target-dir target --example samples

# Changes the code of crypto/ and domain/session in every way that should break a test, and says which didn't; needs
# cargo-mutants, and hours: `just mutants --shard 1/8` does an eighth, `--file` a file.
mutants *options:
    cargo mutants {{options}}

# Everything that must hold before a change is done.
ci:
    .ci/run

# Golden vectors: generated anew by the model in Python, which opens what the Rust code sealed; fails on a difference.
vectors:
    python3 -m venv target/vectors
    target/vectors/bin/pip install --quiet --requirement docs/vectors/requirements.txt
    cargo test --quiet --no-default-features --lib -- --ignored --nocapture prints_a_conversation | grep '^{' > docs/vectors/from-rust.json
    target/vectors/bin/python docs/vectors/generate.py
    test -z "$(git status --porcelain docs/vectors)" || { git diff --stat docs/vectors; exit 1; }

# Symbolic models of handshake and ratchet, each variant with its expected result; needs Verifpal, installs nothing.
models name="":
    docs/models/run {{name}}
