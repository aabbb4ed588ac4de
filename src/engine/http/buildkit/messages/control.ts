import { boolean, bytes, int64, integer, map, message, nested, repeated, string } from '../rpc/protobuf.ts'

/** The service `moby.buildkit.v1.Control`, and what the classic endpoint tells in `moby.buildkit.trace` (control.proto). */

/** google.protobuf.Timestamp */
export const timestamp = message({ seconds: int64(1), nanos: integer(2) })

const cacheEntry = message({ Type: string(1), Attrs: map(2, string) })

export const solveRequest = message({
  Ref: string(1),
  /** pb.Definition: only whether there is one matters. */
  Definition: bytes(2),
  ExporterDeprecated: string(3),
  ExporterAttrsDeprecated: map(4, string),
  Session: string(5),
  Frontend: string(6),
  FrontendAttrs: map(7, string),
  Cache: nested(8, message({ Exports: repeated(nested(4, cacheEntry)), Imports: repeated(nested(5, cacheEntry)) })),
  Entitlements: repeated(string(9)),
  FrontendInputs: map(10, bytes),
  SourcePolicy: bytes(12),
  Exporters: repeated(nested(13, message({ Type: string(1), Attrs: map(2, string) }))),
})
export const solveResponse = message({ ExporterResponse: map(1, string) })

export const statusRequest = message({ Ref: string(1) })

export const vertex = message({
  digest: string(1),
  inputs: repeated(string(2)),
  name: string(3),
  cached: boolean(4),
  started: nested(5, timestamp),
  completed: nested(6, timestamp),
  error: string(7),
})
export const vertexStatus = message({
  ID: string(1),
  vertex: string(2),
  name: string(3),
  current: integer(4),
  total: integer(5),
  timestamp: nested(6, timestamp),
  started: nested(7, timestamp),
  completed: nested(8, timestamp),
})
const vertexLog = message({
  vertex: string(1),
  timestamp: nested(2, timestamp),
  /** 1: standard output, 2: standard error */
  stream: integer(3),
  msg: bytes(4),
})
const position = message({ line: integer(1), character: integer(2) })
const vertexWarning = message({
  vertex: string(1),
  level: integer(2),
  short: bytes(3),
  detail: repeated(bytes(4)),
  url: string(5),
  info: nested(6, message({ filename: string(1), data: bytes(2) })),
  ranges: repeated(nested(7, message({ start: nested(1, position), end: nested(2, position) }))),
})
export const statusResponse = message({
  vertexes: repeated(nested(1, vertex)),
  statuses: repeated(nested(2, vertexStatus)),
  logs: repeated(nested(3, vertexLog)),
  warnings: repeated(nested(4, vertexWarning)),
})

const platform = message({ Architecture: string(1), OS: string(2), Variant: string(3) })
const version = message({ package: string(1), version: string(2), revision: string(3) })
export const workerRecord = message({
  ID: string(1),
  Labels: map(2, string),
  platforms: repeated(nested(3, platform)),
  BuildkitVersion: nested(5, version),
})
export const listWorkersResponse = message({ record: repeated(nested(1, workerRecord)) })
export const infoResponse = message({ buildkitVersion: nested(1, version) })

export const usageRecord = message({
  ID: string(1),
  Mutable: boolean(2),
  InUse: boolean(3),
  Size: integer(4),
  CreatedAt: nested(6, timestamp),
  LastUsedAt: nested(7, timestamp),
  UsageCount: integer(8),
  Description: string(9),
  RecordType: string(10),
  Shared: boolean(11),
})
export const filterRequest = message({ filter: repeated(string(1)) })
export const diskUsageResponse = message({ record: repeated(nested(1, usageRecord)) })
export const pruneRequest = message({
  filter: repeated(string(1)),
  all: boolean(2),
  /** nanoseconds */
  keepDuration: int64(3),
  reservedSpace: integer(4),
  maxUsedSpace: integer(5),
  minFreeSpace: integer(6),
})

/** What has nothing in it, or nothing of interest. */
export const nothing = message({})
