import type { Constructed } from './yaml/index.ts'
import { construct, parseYaml } from './yaml/index.ts'
import type { Source } from './yaml/source.ts'

/** A file with its documents, none of which has been worked on. */
export interface ParsedFile {
  readonly source: Source
  readonly documents: readonly Constructed[]
}

export function parseFile(source: Source): ParsedFile {
  return { source, documents: parseYaml(source).map(syntax => construct(source, syntax)) }
}
