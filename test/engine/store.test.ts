import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Serial } from '../../src/engine/serial.ts'
import { lockDataRoot } from '../../src/engine/store/data-lock.ts'
import { readJson, writeJson } from '../../src/engine/store/json-file.ts'
import { RecordFile } from '../../src/engine/store/record.ts'
import { temporaryDirectory } from '../temporary.ts'

const directory = temporaryDirectory('store')
const isNumber = (value: unknown): value is number => typeof value === 'number'

test('what is written is read again, and leaves no temporary file', async () => {
  const file = join(directory, 'deep/er/value.json')
  await writeJson(file, 5)
  assert.deepEqual(await readJson(file, isNumber), { value: 5 })
  assert.deepEqual(await readdir(join(directory, 'deep/er')), ['value.json'])
})

test('a file that is no JSON, or something else, is set aside as it is', async () => {
  for (const text of ['{"half', '"text"', '']) {
    const file = join(directory, 'bad.json')
    await writeFile(file, text)
    const found = await readJson(file, isNumber)
    assert.ok('setAside' in found)
    assert.equal(await readFile(found.setAside, 'utf8'), text)
    assert.deepEqual(await readJson(file, isNumber), { missing: true })
  }
})

test('of a damaged file, what it held before its last change is still there', async () => {
  const file = join(directory, 'changed.json')
  for (const value of [1, 2]) await writeJson(file, value)
  await writeFile(file, '')
  const found = await readJson(file, isNumber)
  assert.ok('setAside' in found && 'value' in found)
  assert.equal(found.value, 1)
})

test('a first text that has not got its name yet counts once it is whole', async () => {
  const file = join(directory, 'nameless.json')
  await writeFile(`${file}.tmp`, '1')
  assert.deepEqual(await readJson(file, isNumber), { value: 1 })
  assert.equal(await readFile(file, 'utf8'), '1')
  await writeFile(join(directory, 'half.json.tmp'), '{"x')
  assert.deepEqual(await readJson(join(directory, 'half.json'), isNumber), { missing: true })
})

test('the last of many values is the one in the file, and every writer is told when his or a later one is', async () => {
  const file = new RecordFile<number>(join(directory, 'record.json'))
  await Promise.all(Array.from({ length: 50 }, (_, n) => file.write(n)))
  assert.equal(await readFile(file.file, 'utf8'), '49')
  const last = file.write(50)
  await last
  assert.equal(await readFile(file.file, 'utf8'), '50')
})

test('what a full disk did not take is written once it is not full any more', async () => {
  const file = new RecordFile<number>(join(directory, 'later.json'))
  await mkdir(`${file.file}.tmp`) // as much in the way as a full disk
  await assert.rejects(file.write(1))
  await rmdir(`${file.file}.tmp`)
  while (!existsSync(file.file)) await sleep(20)
  assert.deepEqual(await readJson(file.file, isNumber), { value: 1 })
})

test('a record that is removed while it is written stays away', async () => {
  const file = new RecordFile<number>(join(directory, 'gone.json'))
  const writing = [file.write(1), file.write(2)]
  await file.remove()
  await Promise.all(writing)
  await file.write(3)
  assert.deepEqual(await readJson(file.file, isNumber), { missing: true })
})

test('tasks of a queue run one after the other, failed ones do not stop it', async () => {
  const serial = new Serial()
  const log: string[] = []
  const task = (name: string) => async () => {
    log.push(`begin ${name}`)
    await new Promise(resolve => setImmediate(resolve))
    log.push(`end ${name}`)
    if (name === 'a') throw new Error('a failed')
  }
  const results = await Promise.allSettled([serial.run(task('a')), serial.run(task('b'))])
  assert.deepEqual(log, ['begin a', 'end a', 'begin b', 'end b'])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  )
})

test('a data root belongs to one engine at a time', () => {
  {
    using _ = lockDataRoot(directory)
    assert.throws(() => lockDataRoot(directory), {
      code: 'ENGINE_DATA_LOCKED',
      message: `another engine (process ${process.pid}) works on ${directory}`,
    })
  }
  using _ = lockDataRoot(directory)
})
