import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Engine } from '../../api.ts'
import type { Answer } from '../answer.ts'
import type { Call } from '../router.ts'
import { Builds } from './builds.ts'
import { controlMethods } from './control.ts'
import { DockerBuilds } from './docker-builds.ts'
import { serveGrpc } from './rpc/server.ts'
import { ClientSession } from './session/client-session.ts'
import { Sessions } from './session/sessions.ts'

type Serve = (connection: Duplex) => Promise<void>

/** Where clients of BuildKit come in: its control API, their sessions, and the builds between the two. */
export class BuildkitDoor {
  readonly #sessions = new Sessions()
  readonly #builds = new Builds()
  readonly #dockerBuilds = new DockerBuilds(this.#sessions)

  /** `POST /grpc`: the client calls. */
  control(engine: Engine): Serve {
    const methods = controlMethods(engine, this.#sessions, this.#builds)
    return connection => serveGrpc(connection, methods)
  }

  /** `POST /session`: the client waits to be called. @throws TscomposeError ENGINE_REQUEST_INVALID */
  session(headers: IncomingHttpHeaders): Serve {
    const id = this.#sessions.claim(headers)
    return connection => this.#sessions.serve(new ClientSession(id, connection))
  }

  /** `POST /build?version=2`: a build of a client that has a session, too. */
  serveBuild(call: Call): Promise<Answer> {
    return this.#dockerBuilds.serve(call)
  }

  /** `POST /build/cancel` */
  cancelBuild(id: string): void {
    this.#dockerBuilds.cancel(id)
  }
}
