import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeTree } from '../src/remove-tree.ts'
import { temporaryDirectory } from './temporary.ts'

const home = temporaryDirectory('remove-tree')

test('names that are no UTF-8, and directories deeper than a path can tell, go; links are not followed', async () => {
  const [directory, kept] = [join(home, 'tree'), join(home, 'kept')]
  for (const path of [directory, kept]) mkdirSync(path)
  symlinkSync(kept, join(directory, 'link'))
  const script = `touch "$(printf 'caf\\351')"; mkdir "$(printf '\\377')"
    for i in $(seq 60); do d=$(printf 'x%.0s' $(seq 250)); mkdir $d; cd $d; touch y; done`
  execFileSync('bash', ['-ec', script], { cwd: directory })
  await removeTree(directory)
  assert.ok(!existsSync(directory))
  assert.ok(existsSync(kept))
})

test('a directory that is not there is an error, unless nobody minds', async () => {
  const gone = join(home, 'gone')
  await assert.rejects(removeTree(gone), { code: 'ENOENT' })
  await removeTree(gone, { force: true })
})
