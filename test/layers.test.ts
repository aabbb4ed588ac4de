import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

/** What each layer may import besides itself and what is common to all: the layers below it, never a sibling. */
const mayImport: Record<string, readonly string[]> = {
  cli: ['compose', 'engine'],
  compose: ['engine'],
  engine: ['build', 'health', 'image', 'network', 'runtime', 'sys'],
  build: ['image', 'runtime', 'sys'],
  health: ['sys'],
  image: ['sys'],
  network: ['sys'],
  runtime: ['sys'],
  sys: [],
}

const common = [
  'src/errors.ts',
  'src/printable.ts',
  'src/home.ts',
  'src/ignore.ts',
  'src/offline.ts',
  'src/remove-tree.ts',
  'src/settle.ts',
  'src/suggest.ts',
]

const imports = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) => path)

const sources = globSync('src/*/**/*.ts')

test('there are sources to check', () => assert.ok(sources.length > 10))

for (const file of sources) {
  const [, layer = ''] = file.split('/')
  test(`${file} imports only from its own layer and the ones below it`, () => {
    const allowed = mayImport[layer]
    assert.ok(allowed, `no such layer: ${layer}`)
    for (const path of imports(file)) {
      const target = new URL(path, `file:///${file}`).pathname.slice(1)
      const [root, targetLayer = ''] = target.split('/')
      if (root !== 'src' || common.includes(target) || targetLayer === layer) continue
      assert.ok(allowed.includes(targetLayer), `${layer} must not import ${target}`)
    }
  })
}

test('only sys calls ffi-rs', () => {
  const callers = sources.filter(file => /from 'ffi-rs'/.test(readFileSync(file, 'utf8')))
  assert.deepEqual(
    callers.filter(file => !file.startsWith('src/sys/')),
    [],
  )
})
