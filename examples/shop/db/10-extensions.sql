-- Run once, by the image's entrypoint, when the database is made.
CREATE SCHEMA audit;
CREATE TABLE audit.started (at timestamptz NOT NULL DEFAULT now());
INSERT INTO audit.started DEFAULT VALUES;
