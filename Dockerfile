# hiermeta with its Python packages, pinned with hashes, and Stan:
#   docker build -t hiermeta . && docker run --rm -v "$PWD:/work" hiermeta run config.yaml
FROM python:3.11-slim-bookworm

# Versions of g++ and make are those of the Debian release above.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 hiermeta \
 && install -d -o hiermeta /opt/hiermeta /work

USER hiermeta
WORKDIR /opt/hiermeta
COPY --chown=hiermeta . .
RUN make .venv/installed \
 && .venv/bin/python -c "from hiermeta.sampling.toolchain import cmdstan_home; print(cmdstan_home())"

ENV PATH=/opt/hiermeta/.venv/bin:$PATH
WORKDIR /work
ENTRYPOINT ["hiermeta"]
