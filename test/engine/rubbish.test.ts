import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Rubbish } from '../../src/engine/store/rubbish.ts'
import { temporaryDirectory } from '../temporary.ts'

const home = temporaryDirectory('rubbish')

function tree(name: string): string {
  const directory = join(home, name)
  mkdirSync(join(directory, 'a/b'), { recursive: true })
  writeFileSync(join(directory, 'a/b/file'), 'text')
  symlinkSync(join(home, 'kept'), join(directory, 'a/link'))
  return directory
}

const failed = (message: string) => assert.fail(message)

test('what is discarded is away at once, and gone in the end; links are not followed', async () => {
  mkdirSync(join(home, 'kept'))
  writeFileSync(join(home, 'kept/file'), 'text')
  const directory = tree('one')
  {
    await using rubbish = new Rubbish(join(home, 'rubbish'), failed)
    rubbish.discard(directory, 'one')
    assert.equal(existsSync(directory), false)
  }
  assert.deepEqual(readdirSync(join(home, 'rubbish')), [])
  assert.deepEqual(readdirSync(join(home, 'kept')), ['file'])
})

test('what an engine that was killed has left is removed by the next one', async () => {
  tree('rubbish/left')
  await using rubbish = new Rubbish(join(home, 'rubbish'), failed)
  await rubbish[Symbol.asyncDispose]()
  assert.deepEqual(readdirSync(join(home, 'rubbish')), [])
})

test('what cannot be removed is reported, and does not keep the rest', async () => {
  const reports: string[] = []
  const [directory, other] = [tree('two'), tree('three')]
  await using rubbish = new Rubbish(join(home, 'rubbish'), message => reports.push(message))
  rubbish.discard(directory, 'two')
  rmSync(join(home, 'rubbish/two'), { recursive: true })
  rubbish.discard(other, 'three')
  await rubbish[Symbol.asyncDispose]()
  assert.match(reports.join(), /^cannot remove .*\/rubbish\/two: ENOENT/)
  assert.deepEqual(readdirSync(join(home, 'rubbish')), [])
})
