import { isDigest } from './digest.ts'
import type { Digest, HistoryEntry, ImageConfig, Platform } from './image.ts'
import { defined, JsonObject } from './json.ts'

/** An image configuration (OCI image-spec config.md), as far as we look into it. */
export interface ImageConfiguration {
  readonly config: ImageConfig
  readonly platform: Platform
  readonly created: Date
  readonly author: string
  /** Lowest first. */
  readonly diffIds: readonly Digest[]
  readonly history: readonly HistoryEntry[]
}

/** @throws TscomposeError IMAGE_CONFIG_INVALID naming the field */
export function parseConfiguration(text: string | Buffer): ImageConfiguration {
  const json = JsonObject.parse(text, 'image configuration', 'IMAGE_CONFIG_INVALID')
  const rootfs = json.required('rootfs', (json, key) => json.object(key))
  const diffIds = rootfs.strings('diff_ids') ?? []
  for (const diffId of diffIds)
    if (!isDigest(diffId)) throw rootfs.invalid(`diff_ids: not a sha256 digest: "${diffId}"`)
  const created = new Date(json.string('created') ?? 0)
  return {
    config: runtimeConfig(json.object('config')),
    platform: {
      os: json.string('os') || 'linux',
      architecture: json.string('architecture') ?? '',
      ...defined({ variant: json.string('variant') }),
    },
    created: Number.isNaN(created.getTime()) ? new Date(0) : created,
    author: json.string('author') ?? '',
    diffIds: diffIds as readonly Digest[],
    history: (json.objects('history') ?? []).map(historyEntry),
  }
}

/** The `config` object, and what Docker adds to it. */
function runtimeConfig(json: JsonObject | undefined): ImageConfig {
  if (!json) return {}
  return defined({
    User: json.string('User'),
    ExposedPorts: json.keys('ExposedPorts'),
    Env: json.strings('Env'),
    Entrypoint: json.strings('Entrypoint'),
    Cmd: json.strings('Cmd'),
    Volumes: json.keys('Volumes'),
    WorkingDir: json.string('WorkingDir'),
    Labels: json.stringMap('Labels'),
    StopSignal: json.string('StopSignal'),
    Shell: json.strings('Shell'),
    Healthcheck: healthcheck(json.object('Healthcheck')),
    OnBuild: json.strings('OnBuild'),
  })
}

function healthcheck(json: JsonObject | undefined): ImageConfig['Healthcheck'] {
  return (
    json &&
    defined({
      Test: json.strings('Test'),
      Interval: json.number('Interval'),
      Timeout: json.number('Timeout'),
      StartPeriod: json.number('StartPeriod'),
      StartInterval: json.number('StartInterval'),
      Retries: json.number('Retries'),
    })
  )
}

const historyEntry = (json: JsonObject): HistoryEntry =>
  defined({
    created: json.string('created'),
    created_by: json.string('created_by'),
    author: json.string('author'),
    comment: json.string('comment'),
    empty_layer: json.boolean('empty_layer'),
  })
