# okta-lineworks in a container. See docs/operations.md.

FROM rust:1.95-bookworm AS builder
WORKDIR /build
# The dependencies first, so that they stay cached until the lock file changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src && echo 'fn main() {}' > src/main.rs && touch src/lib.rs \
 && for bench in $(sed -n '/^\[\[bench\]\]/{n;s/name = "\(.*\)"/\1/p}' Cargo.toml); do \
      mkdir -p "benches/$bench" && cp src/main.rs "benches/$bench/main.rs"; \
    done \
 && cargo build --release --locked \
 && rm -r src
COPY migrations migrations
COPY flows/src flows/src
COPY src src
# cargo goes by the files' times, and those of COPY may be older than the stand-ins.
RUN touch src/main.rs src/lib.rs \
 && cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/okta-lineworks --shell /usr/sbin/nologin okta-lineworks \
 && install -d -m 750 -o 10001 -g 10001 /var/lib/okta-lineworks \
 && install -d -m 755 /etc/okta-lineworks
COPY --from=builder /build/target/release/okta-lineworks /usr/local/bin/okta-lineworks
COPY okta-lineworks.example.toml LICENSE-MIT LICENSE-APACHE /usr/share/doc/okta-lineworks/
USER 10001:10001
# The ledger: a relative ledger.url counts from here.
WORKDIR /var/lib/okta-lineworks
VOLUME /var/lib/okta-lineworks
ENV OKTA_LINEWORKS__SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
# Reads the same configuration as the service.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["okta-lineworks", "health"]
# SIGTERM stops softly.
ENTRYPOINT ["okta-lineworks"]
CMD ["serve"]
