import { Agent, request as httpRequest } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

interface Answer {
  readonly status: number
  /** Empty where the answer is a list. */
  readonly json: Record<string, unknown>
  readonly list: readonly Record<string, unknown>[]
}

/** One request of the Docker Engine API, the same code for every engine. */
export function request(socketPath: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': text.length }
  const sent = httpRequest({ agent, socketPath, method, path, headers }, response => {
    let received = ''
    response.setEncoding('utf8')
    response.on('data', chunk => {
      received += chunk
    })
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        json: received.startsWith('{') ? JSON.parse(received) : {},
        list: received.startsWith('[') ? JSON.parse(received) : [],
      }),
    )
    response.on('error', reject)
  })
    .on('error', error => {
      // The engine has closed it meanwhile: benchmarks block the event loop for longer than it keeps a connection.
      if (sent.reusedSocket) request(socketPath, method, path, body).then(resolve, reject)
      else reject(error)
    })
    .end(text)
  return promise
}

/** @throws Error if the engine refuses */
async function ask(socket: string, method: string, path: string, body?: unknown): Promise<Answer['json']> {
  const { status, json } = await request(socket, method, `/v1.41${path}`, body)
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`)
  return json
}

/** Creates a busybox container without a network, starts it and waits for its end. @returns its id */
export async function runToCompletion(socket: string): Promise<string> {
  // The same processes in both: unasked, Docker's containers have no init, and ours have.
  const create = { Image: 'busybox', Cmd: ['true'], HostConfig: { NetworkMode: 'none', Init: false } }
  const { Id } = await ask(socket, 'POST', '/containers/create', create)
  await ask(socket, 'POST', `/containers/${Id}/start`)
  const { StatusCode } = await ask(socket, 'POST', `/containers/${Id}/wait`)
  if (StatusCode !== 0) throw new Error(`the container exited with ${StatusCode}`)
  return String(Id)
}

export async function removeContainer(socket: string, id: string): Promise<void> {
  await ask(socket, 'DELETE', `/containers/${id}`)
}
