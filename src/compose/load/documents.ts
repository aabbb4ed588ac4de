import { TscomposeError } from '../../errors.ts'
import { applyExtends } from './extends.ts'
import { applyIncludes } from './include.ts'
import { interpolate } from './interpolate.ts'
import { toLongForms } from './long-forms.ts'
import { mergeModels } from './merge.ts'
import type { ParsedFile } from './parsed-file.ts'
import { applyResets } from './reset.ts'
import { validateModel } from './schema/validate.ts'
import type { ResetPaths, Scope } from './session.ts'
import { enforceUnicity } from './unique.ts'
import type { Constructed } from './yaml/index.ts'
import type { MapNode } from './yaml/node.ts'
import { whereOf, whereOfKey } from './yaml/node.ts'
import type { Source } from './yaml/source.ts'

export { type ParsedFile, parseFile } from './parsed-file.ts'

/** What becomes of the documents of a file beside being merged. */
export interface Treatment {
  readonly include: boolean
  readonly extend: boolean
  readonly validate: boolean
}

const everything: Treatment = { include: true, extend: true, validate: true }

/** Merges the documents of a file onto a model. @returns the resets of the last document, which extensions need */
export async function mergeFile(
  model: MapNode,
  { source, documents }: ParsedFile,
  scope: Scope,
  treatment: Treatment = everything,
): Promise<ResetPaths> {
  let last: ResetPaths = []
  for (const document of documents) {
    await mergeDocument(model, source, document, scope, treatment)
    last = document.resets
  }
  return last
}

async function mergeDocument(
  model: MapNode,
  source: Source,
  { node, resets }: Constructed,
  scope: Scope,
  treatment: Treatment,
): Promise<void> {
  if (node?.kind !== 'map')
    throw new TscomposeError('COMPOSE_TYPE_WRONG', 'top-level object must be a mapping', {
      where: node ? whereOf(node) : source.where(0),
    })
  const { session } = scope
  if (scope.interpolate) interpolate(node, scope.lookup, session.warn)
  if (treatment.include) await applyIncludes(node, { ...scope, including: [...scope.including, source.file] }, resets)
  applyResets(model, resets, node, forgotten => session.forgotten.push(forgotten))
  if (treatment.extend) await applyExtends(node, source.file, scope, resets)
  mergeModels(model, node)
  enforceUnicity(model)
  if (treatment.validate) {
    await validateModel(model, source.file)
    dropVersion(model, source, scope)
  }
  toLongForms(model, { keepUnparsable: !scope.interpolate, warn: session.warn, countPorts: session.countPorts })
  enforceUnicity(model)
}

function dropVersion(model: MapNode, source: Source, { session }: Scope): void {
  const version = model.entries.get('version')
  if (!version) return
  session.warn({
    message: `${source.file}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
    where: whereOfKey(version),
  })
  model.entries.delete('version')
}
