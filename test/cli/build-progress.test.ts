import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { BuildProgress } from '../../src/cli/progress/build-progress.ts'
import { openBuildScreen } from '../../src/cli/progress/build-screen.ts'
import type { BuildMessage } from '../../src/engine/api.ts'

type StepProgress = Extract<BuildMessage, { type: 'step' }>['step']

const step = (
  id: number,
  name: string,
  state: StepProgress['state'],
  more: Partial<StepProgress> = {},
): BuildMessage => ({
  type: 'step',
  step: { id, name, state, started: 1000, ...(state !== 'running' && { ended: 3100 }), ...more },
})
const log = (id: number, line: string): BuildMessage => ({ type: 'log', id, stream: 'stdout', line })

const excerpt = {
  where: 'Dockerfile:2',
  lines: [
    { number: 1, text: 'FROM a', isOf: false },
    { number: 2, text: 'RUN make', isOf: true },
  ],
}
const messages: readonly BuildMessage[] = [
  step(1, '[one 1/2] FROM a', 'cached'),
  step(2, '[one 2/2] RUN make', 'running', { why: 'main.c changed' }),
  step(3, '[two 2/2] RUN test', 'running'),
  log(3, '\u001b[31mtesting\u001b[0m'),
  log(2, 'making'),
  step(3, '[two 2/2] RUN test', 'done'),
  step(2, '[one 2/2] RUN make', 'failed', { why: 'main.c changed', error: 'exit code: 2', excerpt }),
]
const failure = `------
 > [one 2/2] RUN make:
making
------
Dockerfile:2
--------------------
   1 |     FROM a
   2 | >>> RUN make
--------------------
`

test('as text, each step has blocks of its own, and what failed comes once more at the end', () => {
  let text = ''
  const progress = new BuildProgress(more => {
    text += more
  })
  for (const message of messages) progress.tell('', message)
  progress.close()
  assert.equal(
    text.replaceAll(/^(#\d+) [\d.]+ /gm, '$1 TIME '),
    `#1 [one 1/2] FROM a
#1 CACHED

#2 [one 2/2] RUN make
#2 runs because main.c changed
#2 ...

#3 [two 2/2] RUN test
#3 TIME \u001b[31mtesting\u001b[0m
#3 ...

#2 [one 2/2] RUN make
#2 TIME making
#2 ...

#3 [two 2/2] RUN test
#3 DONE 2.1s

#2 [one 2/2] RUN make
#2 ERROR: exit code: 2
${failure}`,
  )
})

test('services have their names in front of the steps', () => {
  const lines: string[] = []
  const progress = new BuildProgress(text => void lines.push(text))
  progress.tell('web', step(1, '[1/1] FROM a', 'cached'))
  progress.tell('web', step(2, 'exporting to image', 'done'))
  assert.deepEqual(lines.slice(0, 1), ['#1 [web 1/1] FROM a\n'])
  assert.ok(lines.includes('#2 [web] exporting to image\n'))
})

test('on a terminal, a step is a line that fits, with its time; at the end all of them are there', async () => {
  let written = ''
  const write = (text: string) => {
    written += text
  }
  const screen = { columns: 40, rows: 10, write }
  {
    await using display = openBuildScreen(screen, { color: true, now: () => 5000 })
    for (const message of messages) display.tell('', message)
    display.tell('', step(4, '[one 3/3] RUN something with a name longer than the screen', 'canceled'))
  }
  assert.equal(
    stripVTControlCharacters(written).replace(/^\r/, ''),
    `[+] Building 0.0s (4/4) FINISHED
 => CACHED [one 1/2] FROM a        2.1s
 => ERROR [one 2/2] RUN make       2.1s
 => => because main.c changed
 => [two 2/2] RUN test             2.1s
 => CANCELED [one 3/3] RUN someth… 2.1s
${failure}`,
  )
  assert.ok(written.endsWith('\n') && written.includes('\u001b[?25h'), 'the cursor is given back')
})

test('what was given up is said to be canceled', async () => {
  let text = ''
  const progress = new BuildProgress(more => {
    text += more
  })
  progress.tell('', step(1, '[1/1] RUN long', 'running'))
  progress.close()
  assert.equal(text, '#1 [1/1] RUN long\n#1 CANCELED\n')
})

test('the end of a build is told by the name of the image', () => {
  const lines: string[] = []
  const progress = new BuildProgress(text => void lines.push(text))
  progress.tell('web', { type: 'image', id: 'sha256:1', names: ['demo-web', 'demo-web:2'] })
  progress.close()
  assert.deepEqual(lines, ['\n', ' Image demo-web Built\n'])
})
