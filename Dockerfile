FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements/run.lock requirements/run.lock
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md ./
COPY services services
COPY shared shared
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --no-create-home --uid 10001 ee
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 EE_HTTP_HOST=0.0.0.0 EE_HTTP_PORT=8080
USER 10001
EXPOSE 8080
ENTRYPOINT ["python", "-m"]
CMD ["services.intake"]
