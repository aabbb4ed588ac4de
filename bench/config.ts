import { readFileSync } from 'node:fs'
import { elapsedMs, median, type Row, WARM_UP } from './rows.ts'

/** `count` services with what services usually have, each waiting for the one before it. */
export function ordinary(count: number): string {
  const services = Array.from(
    { length: count },
    (_, at) => `  s${at}:
    <<: *base
    image: "registry.example/app${at}:\${TAG:-latest}"
    command: [serve, --port, "${8000 + at}"]
    environment: { INDEX: "${at}", MODE: "\${MODE:-dev}", URL: "http://s${Math.max(0, at - 1)}:80" }
    ports: ["${20000 + at}:80"]
    volumes: ["data${at % 20}:/data", "./conf:/etc/app:ro"]
    healthcheck: { test: [CMD, "true"], interval: 5s, retries: 3 }
${at > 0 ? `    depends_on: { s${at - 1}: { condition: service_healthy } }\n` : ''}`,
  )
  const volumes = Array.from({ length: 20 }, (_, at) => `  data${at}: {}\n`)
  return `x-base: &base { restart: unless-stopped, logging: { driver: local } }\nservices:\n${services.join('')}volumes:\n${volumes.join('')}`
}

interface Compose {
  readonly name: string
  readonly config: (dir: string) => void
}

/** `config` needs no engine: the figure is that of the loader, and of starting the program. */
export async function config(
  rivals: readonly [ours: Compose, theirs: Compose],
  inProject: <T>(yaml: string, use: (dir: string) => Promise<T>) => Promise<T>,
): Promise<readonly Row[]> {
  const files: readonly [what: string, goal: string, yaml: string][] = [
    [
      'of examples/shop',
      'at least as fast',
      readFileSync(new URL('../examples/shop/compose.yaml', import.meta.url), 'utf8'),
    ],
    ['of 500 services', 'under 1000 ms', ordinary(500)],
    ['of 1000 services: twice as long', 'under 2000 ms', ordinary(1000)],
  ]
  const rows: Row[] = []
  for (const [what, goal, yaml] of files)
    rows.push(
      await inProject(yaml, async dir => {
        const figures: number[] = []
        for (const rival of rivals) {
          const runs: number[] = []
          for (let run = 0; run < WARM_UP; run++) rival.config(dir)
          for (let run = 0; run < 5; run++) runs.push(await elapsedMs(() => rival.config(dir)))
          figures.push(median(runs))
        }
        const [ours = 0, theirs = 0] = figures
        return { work: `config ${what}`, goal, unit: 'ms', ours, theirs } as const
      }),
    )
  return rows
}
