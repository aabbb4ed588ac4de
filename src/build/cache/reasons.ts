import type { CacheRecord, StepDescription } from './record.ts'

/** How many files a reason names. */
const SHOWN = 3

/**
 * Why a step is carried out although one like it has been before, in a few words.
 * @param earlier the steps that were carried out on the same stack, the newest first
 * @param belowIsNew the step before it in its stage has just been carried out, too
 * @returns undefined where nothing is known that it could be compared with
 */
export function reasonToRun(
  step: StepDescription,
  earlier: readonly CacheRecord[],
  { belowIsNew, noCache }: { readonly belowIsNew: boolean; readonly noCache: boolean },
): string | undefined {
  if (noCache) return 'the cache is not to be used'
  if (belowIsNew) return 'a step before it has run'
  const alike = earlier.filter(({ about }) => about.keyword === step.keyword)
  const same = alike.find(({ about }) => about.text === step.text)
  if (same) return difference(same.about, step)
  const changed = alike.find(({ about }) => differsByVariables(about, step))
  if (changed) return difference(changed.about, step)
  return alike.length > 0 || earlier.length > 0 ? 'the instruction is new or has changed' : undefined
}

/** The text has the variables' values in it: it may be the same instruction with another value. */
const differsByVariables = (before: StepDescription, now: StepDescription): boolean =>
  Object.entries(now.variables).some(
    ([name, value]) => before.variables[name] !== undefined && before.variables[name] !== value,
  )

function difference(before: StepDescription, now: StepDescription): string {
  const variables = changes(before.variables, now.variables)
  const [variable] = variables
  if (variable) return describeVariable(variable.name, before.variables[variable.name], now.variables[variable.name])
  const files = changes(before.files, now.files)
  if (files.length === 0) return 'what it reads has changed'
  const shown = files.slice(0, SHOWN).map(({ name, how }) => `${name} ${how}`)
  return files.length > SHOWN ? `${shown.join(', ')} and ${files.length - SHOWN} more` : shown.join(', ')
}

function describeVariable(name: string, before: string | undefined, now: string | undefined): string {
  if (before === undefined) return `${name} is new`
  if (now === undefined) return `${name} is no longer given`
  return `${name} was ${JSON.stringify(before)} and is ${JSON.stringify(now)}`
}

type Change = { readonly name: string; readonly how: 'changed' | 'is new' | 'is gone' }

function changes(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return names.flatMap((name): Change[] => {
    if (before[name] === now[name]) return []
    if (before[name] === undefined) return [{ name, how: 'is new' }]
    return [{ name, how: now[name] === undefined ? 'is gone' : 'changed' }]
  })
}
