import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Dockerfile,
  givenToStages,
  interpret,
  openScope,
  parseDockerfile,
} from '../../src/build/dockerfile/index.ts'
import { TscomposeError } from '../../src/errors.ts'

const parse = (text: string): Dockerfile => parseDockerfile(text, 'Dockerfile')
const instructionsOf = (text: string) => parse(text).stages[0]?.instructions ?? []
const fails = (text: string, expected: { readonly line: number; readonly message: RegExp }) =>
  assert.throws(
    () => parse(text),
    (error: unknown) => {
      assert.ok(error instanceof TscomposeError)
      assert.equal(error.code, 'BUILD_DOCKERFILE_INVALID')
      assert.match(error.message, expected.message)
      assert.equal(error.where?.line, expected.line)
      return true
    },
  )

test('a zero byte is an error at its place', () => {
  fails('FROM alpine\nRUN a\0b\n', { line: 2, message: /zero byte/ })
})

test('a file far larger than a Dockerfile is refused', () => {
  fails(`FROM alpine\n#${'x'.repeat(9 * 2 ** 20)}`, { line: 1, message: /larger than 8 MiB/ })
})

test('files made to take long do not', () => {
  const many = 20_000
  const line = (text: string) => `FROM alpine\n${text}\n`
  const hostile = {
    'a line of megabytes': line(`RUN ${'a b '.repeat(500_000)}`),
    'many instructions': line('RUN true\n'.repeat(many)),
    'many continued lines': line(`RUN true \\\n${'  && true \\\n'.repeat(many)}  && true`),
    'many flags': line(`COPY ${Array.from({ length: 2_000 }, (_, index) => `--exclude=${index}`).join(' ')} a b`),
    'many words': line(`COPY ${'a '.repeat(many)} b`),
    'many carriage returns': line(`RUN ${'\r'.repeat(200_000)}x`),
    'many spaces': line(`RUN ${' '.repeat(1_000_000)}x${' '.repeat(1_000_000)}`),
    'escape characters': line(`RUN ${'\\ '.repeat(200_000)}x`),
    'nested JSON': line(`RUN ${'['.repeat(100_000)}`),
    'quotes in a flag': line(`RUN --mount=${'"a'.repeat(100_000)}"=from=x true`),
    'commas in a mount': line(`RUN --mount=${'type=bind,'.repeat(50_000)}target=/x true`),
    'a list of stages': 'FROM alpine\n'.repeat(many),
  }
  for (const text of Object.values(hostile)) {
    try {
      assert.ok(parse(text).stages.length > 0)
    } catch (error) {
      assert.ok(error instanceof TscomposeError, String(error))
    }
  }
})

test('a thousand here-documents in one instruction keep their order', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `D${index}`)
  const text = `FROM alpine\nCOPY ${names.map(name => `<<${name}`).join(' ')} /x/\n${names.map(name => `in ${name}\n${name}\n`).join('')}`
  const [copy] = instructionsOf(text)
  assert.ok(copy?.keyword === 'COPY')
  assert.deepEqual(
    copy.copy.heredocs.map(({ name, content }) => [name, content]),
    names.map(name => [name, `in ${name}\n`]),
  )
})

test('a very long line is not shown', () => {
  assert.throws(
    () => parse(`FROM alpine\nRUN ${' '.repeat(10_000)}--bad x`),
    (error: unknown) => error instanceof TscomposeError && error.where?.source === undefined,
  )
})

test('the text of an instruction is kept with its continuation lines joined, and its comments', () => {
  const [run] = instructionsOf('FROM alpine\n\n# first\n# second\nRUN a \\\n  # inside\n  b\n')
  assert.equal(run?.source, 'RUN a   b')
  assert.deepEqual(run?.comments, ['first', 'second'])
  assert.deepEqual([run?.where.line, run?.endLine], [5, 7])
})

test('proxies given to the build reach RUN in both spellings, apart from the environment', () => {
  const dockerfile = parse('FROM alpine\nRUN true')
  const given = givenToStages(dockerfile, {
    buildArgs: new Map([['https_proxy', 'http://p']]),
    buildPlatform: 'linux/amd64',
    targetPlatform: 'linux/amd64',
  })
  const [run] = dockerfile.stages[0]?.instructions ?? []
  assert.ok(run)
  const { step } = interpret(run, openScope(['A=1'], given))
  assert.ok(step.keyword === 'RUN')
  assert.deepEqual([...step.proxies.keys()], ['HTTPS_PROXY', 'https_proxy'])
  assert.deepEqual([...step.environment.keys()], ['A', 'PATH'])
})

test('the platform arguments follow the platforms', () => {
  const platforms = { buildPlatform: 'linux/x86_64', targetPlatform: 'linux/arm' }
  const { globalArgs } = givenToStages(parse('FROM alpine AS app'), { ...platforms, buildArgs: new Map() })
  const values = ['BUILDPLATFORM', 'TARGETPLATFORM', 'TARGETARCH', 'TARGETVARIANT', 'TARGETSTAGE']
  assert.deepEqual(
    values.map(name => globalArgs.get(name)),
    ['linux/amd64', 'linux/arm/v7', 'arm', 'v7', 'app'],
  )
})
