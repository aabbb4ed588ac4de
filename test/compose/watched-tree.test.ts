import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { filterOf } from '../../src/compose/watch/filter.ts'
import { WatchedTree } from '../../src/compose/watch/tree.ts'
import { IgnoreRules } from '../../src/ignore.ts'

interface Options {
  readonly ignore?: readonly string[]
  readonly include?: readonly string[]
  readonly dockerignore?: readonly string[]
}

/** A directory `src` that is watched; `until` takes changes until they have come to what is expected. */
async function watched(t: TestContext, files: readonly string[], options: Options = {}) {
  const dir = mkdtempSync('/tmp/tscompose-watch-')
  const root = join(dir, 'src')
  const write = (file: string, text = 'x') => {
    mkdirSync(join(root, file, '..'), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  mkdirSync(root)
  for (const file of files) write(file)
  const { ignore = [], include = [], dockerignore } = options
  const context = dockerignore && { directory: dir, ignore: new IgnoreRules(dockerignore) }
  let wake = Promise.withResolvers<void>()
  const filter = filterOf(root, { ignore, include, ...(context && { context }) })
  const tree = await WatchedTree.open(root, filter, () => wake.resolve())
  t.after(() => {
    tree[Symbol.dispose]()
    rmSync(dir, { recursive: true, force: true })
  })
  const until = async (changed: readonly string[], removed: readonly string[] = []) => {
    const seen = { changed: new Set<string>(), removed: new Set<string>() }
    const missing = () => changed.some(name => !seen.changed.has(name)) || removed.some(name => !seen.removed.has(name))
    while (missing()) {
      await wake.promise
      wake = Promise.withResolvers()
      const taken = await tree.take()
      for (const name of taken.changed) seen.changed.add(name)
      for (const name of taken.removed) seen.removed.add(name)
    }
    assert.deepEqual([...seen.changed].sort(), [...changed].sort())
    assert.deepEqual([...seen.removed].sort(), [...removed].sort())
  }
  return { root, tree, write, until, at: (name: string) => join(root, name) }
}

/** Whether this process has an inotify watch on a directory (proc(5), fdinfo). */
function isWatched(directory: string): boolean {
  const ino = `ino:${statSync(directory).ino.toString(16)} `
  return readdirSync('/proc/self/fdinfo').some(fd => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').includes(ino)
    } catch {
      return false // closed by now
    }
  })
}

test('what is there is known, and nothing of it is a change', async t => {
  const { tree } = await watched(t, ['a', 'sub/b'])
  assert.deepEqual([...tree.files].sort(), ['a', 'sub/b'])
  assert.deepEqual(await tree.take(), { changed: [], removed: [] })
})

test('files that are made, written, moved and removed are told', async t => {
  const { write, until, at } = await watched(t, ['a', 'sub/b'])
  write('a', 'more')
  write('sub/c')
  await until(['a', 'sub/c'])
  renameSync(at('a'), at('sub/d'))
  await until(['sub/d'], ['a'])
  rmSync(at('sub/b'))
  await until([], ['sub/b'])
})

test('a new directory is watched with all that was put into it before anybody looked', async t => {
  const { write, until } = await watched(t, [])
  write('one/two/three/file')
  await until(['one/two/three/file'])
  write('one/two/three/another')
  await until(['one/two/three/another'])
})

test('a directory that is removed, moved or exchanged takes its files along', async t => {
  const { root, tree, write, until, at } = await watched(t, ['old/a', 'old/b'])
  renameSync(at('old'), at('new'))
  await until(['new/a', 'new/b'], ['old'])
  write('new/c')
  await until(['new/c'])
  mkdirSync(`${root}.other`)
  writeFileSync(join(`${root}.other`, 'b'), 'other')
  rmSync(at('new'), { recursive: true })
  renameSync(`${root}.other`, at('new'))
  await until(['new/b'], ['new/a', 'new/c'])
  assert.deepEqual([...tree.files], ['new/b'])
})

test('what is ignored is not told, and a directory that is ignored is not even opened', async t => {
  const options = { ignore: ['*.log'], dockerignore: ['src/node_modules', '**/tmp'] }
  const { root, tree, write, until, at } = await watched(
    t,
    ['a', 'a.log', 'node_modules/x/y', 'tmp/z', '.git/HEAD'],
    options,
  )
  assert.deepEqual(tree.files, ['a'])
  assert.ok(isWatched(root))
  for (const name of ['node_modules', 'tmp', '.git']) assert.ok(!isWatched(at(name)), name)
  write('node_modules/x/y', 'more')
  write('b.log')
  write('.a.swp')
  write('last')
  await until(['last'])
})

test('with include only that counts', async t => {
  const { tree, write, until } = await watched(t, ['a.ts', 'a.txt', 'sub/b.ts'], { include: ['**/*.ts'] })
  assert.deepEqual([...tree.files].sort(), ['a.ts', 'sub/b.ts'])
  write('sub/c.txt')
  write('sub/c.ts')
  await until(['sub/c.ts'])
})

test('a link is a file of its own; what it leads to is not followed', async t => {
  const { tree, write, until, at } = await watched(t, ['a'])
  symlinkSync('/usr', at('usr'))
  await until(['usr'])
  write('b')
  await until(['b'])
  assert.deepEqual([...tree.files].sort(), ['a', 'b', 'usr'])
})

test('what is watched may go and come back', async t => {
  const { root, tree, write } = await watched(t, ['a', 'sub/b'])
  const files = async (expected: string) => {
    while ([...tree.files].sort().join() !== expected) {
      await new Promise(resolve => setImmediate(resolve))
      await tree.take()
    }
  }
  rmSync(root, { recursive: true })
  await files('')
  write('sub/b')
  write('c')
  await files('c,sub/b')
  write('sub/d')
  await files('c,sub/b,sub/d')
})

test('more changes than the kernel may have kept are found by looking', async t => {
  const { root, write, tree, at } = await watched(t, ['keep', 'gone'])
  rmSync(at('gone'))
  for (let i = 0; i < 5000; i++) writeFileSync(join(root, `f${i}`), '')
  write('keep', 'changed')
  const changed = new Set<string>()
  const removed = new Set<string>()
  while (changed.size < 5001) {
    await new Promise(resolve => setImmediate(resolve))
    const taken = await tree.take()
    for (const name of taken.changed) changed.add(name)
    for (const name of taken.removed) removed.add(name)
  }
  assert.ok(changed.has('keep'))
  assert.deepEqual([...removed], ['gone'])
})
