import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { test } from 'node:test'

/** What the modules loaded together with `entries` import that is no file of ours, and which of them does. */
function imports(...entries: string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    const statement = /^(?:import|export) (?!type )(?:[^'"]*? from )?'([^']+)'/gm
    for (const [whole, name = ''] of readFileSync(file, 'utf8').matchAll(statement)) {
      if (/\{(\s*type \w+,?)+\s*\}/.test(whole)) continue
      if (name.startsWith('.')) visit(resolve(dirname(file), name))
      else found.set(name, relative('src', file))
    }
  }
  for (const entry of entries) visit(resolve('src/cli', entry))
  return found
}

/** These are there before the program, or are needed by all. Of the others `node:fs/promises` takes 1 ms, `node:crypto` 6. */
const cheap = [
  'commander',
  'node:async_hooks',
  'node:events',
  'node:fs',
  'node:net',
  'node:os',
  'node:path',
  'node:stream',
  'node:timers/promises',
]

for (const command of ['exec', 'ps', 'config', 'up', 'down', 'logs', 'container/exec', 'container/run', 'container/ls'])
  test(`${command} loads no more of Node and of packages than it needs`, () => {
    const dear = [...imports('main.ts', `commands/${command}.ts`)].filter(([name]) => !cheap.includes(name))
    assert.deepEqual(dear, [])
  })
