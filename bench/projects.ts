import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes a project into a new directory beneath /tmp. @returns its path */
export function project(yaml: string): string {
  const dir = mkdtempSync('/tmp/tsbench-project-')
  writeFileSync(join(dir, 'compose.yaml'), yaml)
  return dir
}

/** `count` busybox services on one network, each with a published port. */
export const services = (count: number): string =>
  `services:\n${Array.from(
    { length: count },
    (_, at) => `  s${at}: { image: busybox, command: sleep 1000, init: true, ports: ["${21000 + at}:80"] }\n`,
  ).join('')}`

/** Services whose program, as process 1, ignores SIGTERM. */
export const stubborn = (count: number): string =>
  `services:\n${Array.from({ length: count }, (_, at) => `  s${at}: { image: busybox, command: sleep 1000 }\n`).join('')}`

/** Each service waits for the one before it to be healthy, which it is `readyS` seconds after its start. */
export const chain = (count: number, readyS: number): string =>
  `services:\n${Array.from(
    { length: count },
    (_, at) => `  s${at}:
    image: busybox
    command: sh -c 'sleep ${readyS}; touch /ready; exec sleep 1000'
    init: true
    healthcheck: { test: test -e /ready, interval: 30s }
${at > 0 ? `    depends_on: { s${at - 1}: { condition: service_healthy } }\n` : ''}`,
  ).join('')}`
