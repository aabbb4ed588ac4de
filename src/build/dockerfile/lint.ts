import { TscomposeError, type Where } from '../../errors.ts'
import { readCheck } from './directives.ts'
import type { BuildWarning, Directives, Stage } from './dockerfile.ts'
import type { Instruction } from './instruction.ts'
import { type Complaint, lintRules } from './lint-rules.ts'

/** All that can be said of a file without knowing any variable. */
export function lintFile(stages: readonly Stage[]): readonly BuildWarning[] {
  return [...casing(stages), ...stageNames(stages), ...stages.flatMap(lintStage)].toSorted(
    (a, b) => a.where.line - b.where.line,
  )
}

/** Those that neither the file's `check` directive nor one above the instruction switches off. */
export function unlessSkipped(
  warnings: readonly BuildWarning[],
  { check }: Directives,
  instruction?: Instruction,
): readonly BuildWarning[] {
  const above = instruction?.comments.flatMap(comment => {
    const [, value] = /^check\s*=\s*(.*)$/.exec(comment) ?? []
    return value === undefined ? [] : readCheck(value).skip
  })
  const skipped = [...check.skip, ...(above ?? [])].map(name => name.toLowerCase())
  return warnings.filter(({ rule: name }) => !skipped.includes('all') && !skipped.includes(name.toLowerCase()))
}

/**
 * Ends a build whose Dockerfile asks for that (`# check=error=true`).
 * @param warnings all that the build has brought up
 * @throws TscomposeError BUILD_CHECK_FAILED
 */
export function failOnWarnings({ check }: Directives, warnings: readonly BuildWarning[]): void {
  const [first] = warnings
  if (!check.error || !first) return
  const rules = [...new Set(warnings.map(({ rule }) => rule))].sort()
  throw new TscomposeError('BUILD_CHECK_FAILED', `lint violation found for rules: ${rules.join(', ')}`, {
    where: first.where,
    fix: first.message,
  })
}

const wordOf = ({ source }: Instruction) => /^\S+/.exec(source)?.[0] ?? ''

function casing(stages: readonly Stage[]): readonly BuildWarning[] {
  const all = stages.flatMap(({ from, instructions }) => [from, ...instructions])
  const words = all.map(wordOf)
  const lower = words.filter(word => word === word.toLowerCase()).length
  const upper = words.filter(word => word === word.toUpperCase()).length
  const right = lower > upper ? 'lowercase' : 'uppercase'
  return all.flatMap(({ where }, index) => {
    const word = words[index] ?? ''
    if (word === (lower > upper ? word.toLowerCase() : word.toUpperCase())) return []
    return [{ ...lintRules.ConsistentInstructionCasing(word, right), where }]
  })
}

function stageNames(stages: readonly Stage[]): readonly BuildWarning[] {
  const warnings: BuildWarning[] = []
  const seen = new Set<string>()
  for (const { name, from } of stages) {
    if (name === undefined) continue
    const warn = (complaint: Complaint) => warnings.push({ ...complaint, where: from.where })
    if (name === 'context' || name === 'scratch') warn(lintRules.ReservedStageName(name))
    if (seen.has(name)) warn(lintRules.DuplicateStageName(name))
    if (from.as !== name) warn(lintRules.StageNameCasing(from.as ?? ''))
    seen.add(name)
    const [word = '', as = ''] = [wordOf(from), /\s(as)\s+\S+\s*$/i.exec(from.source)?.[1]]
    const lower = word === word.toLowerCase()
    const consistent = lower || word === word.toUpperCase()
    if (consistent && as !== (lower ? as.toLowerCase() : as.toUpperCase())) warn(lintRules.FromAsCasing(word, as))
  }
  return warnings
}

function lintStage({ instructions }: Stage): readonly BuildWarning[] {
  const warnings: BuildWarning[] = []
  const last = new Map<string, Where>()
  let ownShell = false
  for (const instruction of instructions) {
    const { keyword, where } = instruction
    const warn = (complaint: Complaint, place = where) => warnings.push({ ...complaint, where: place })
    if (keyword === 'SHELL') ownShell = true
    if (keyword === 'MAINTAINER') warn(lintRules.MaintainerDeprecated())
    if (keyword === 'ENV' || keyword === 'LABEL') {
      if (instruction.pairs.some(({ legacy }) => legacy)) warn(lintRules.LegacyKeyValueFormat(keyword))
    }
    if (keyword === 'CMD' || keyword === 'ENTRYPOINT' || keyword === 'HEALTHCHECK') {
      const before = last.get(keyword)
      if (before) warn(lintRules.MultipleInstructionsDisallowed(keyword), before)
      last.set(keyword, where)
    }
    if ((keyword === 'CMD' || keyword === 'ENTRYPOINT') && instruction.command.form === 'shell' && !ownShell) {
      warn(lintRules.JSONArgsRecommended(keyword))
    }
    const names = keyword === 'ENV' ? instruction.pairs : keyword === 'ARG' ? instruction.args : []
    for (const { name } of names) if (namesSecret(name)) warn(lintRules.SecretsUsedInArgOrEnv(keyword, name))
  }
  return warnings
}

function namesSecret(name: string): boolean {
  const has = (words: string) => new RegExp(`(?:_|^)(?:${words})(?:_|$)`, 'i').test(name)
  return has('apikey|auth|credential|credentials|key|password|pword|passwd|secret|token') && !has('public|file|version')
}
