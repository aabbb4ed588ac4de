import { messageOf, TscomposeError } from '../../errors.ts'
import { containerNotFound, invalid } from '../failures.ts'
import { findByPrefix } from '../ids.ts'
import type { Container } from './container.ts'

const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/** All containers, by id and by name. A name is taken before the container exists, so that no two get the same. */
export class ContainerRegistry {
  readonly #byId = new Map<string, Container>()
  /** Ids by name. */
  readonly #names = new Map<string, string>()

  all(): readonly Container[] {
    return [...this.#byId.values()]
  }

  get(id: string): Container | undefined {
    return this.#byId.get(id)
  }

  /** By id, name (with or without a slash) or unambiguous prefix of an id; undefined if there is none. */
  seek(reference: string): Container | undefined {
    return (
      this.#byId.get(reference) ??
      this.#byId.get(this.#names.get(reference.replace(/^\//, '')) ?? '') ??
      this.#byId.get(findByPrefix(this.#byId.keys(), reference) ?? '')
    )
  }

  /** As {@link seek}. @throws ENGINE_CONTAINER_NOT_FOUND */
  find(reference: string): Container {
    const found = this.seek(reference)
    if (!found) throw containerNotFound(reference)
    return found
  }

  /**
   * One that the request for a new container names.
   * @throws TscomposeError ENGINE_REQUEST_INVALID: not found would mean the image, for which clients then go to a registry
   */
  findOther(reference: string): Container {
    try {
      return this.find(reference)
    } catch (error) {
      throw invalid(messageOf(error))
    }
  }

  add(container: Container): void {
    this.#names.set(container.name, container.id)
    this.#byId.set(container.id, container)
  }

  delete(container: Container): void {
    this.#byId.delete(container.id)
    this.releaseName(container.name, container.id)
  }

  /**
   * @returns the name without the slash
   * @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_CONTAINER_NAME_TAKEN
   */
  reserveName(text: string, id: string): string {
    const name = text.replace(/^\//, '')
    if (!validName.test(name)) {
      throw invalid(`Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`)
    }
    const owner = this.#names.get(name)
    if (owner !== undefined && owner !== id) {
      throw new TscomposeError(
        'ENGINE_CONTAINER_NAME_TAKEN',
        `Conflict. The container name "/${name}" is already in use by container "${owner}". ` +
          'You have to remove (or rename) that container to be able to reuse that name.',
      )
    }
    this.#names.set(name, id)
    return name
  }

  isNameFree(name: string): boolean {
    return !this.#names.has(name)
  }

  releaseName(name: string, id: string): void {
    if (this.#names.get(name) === id) this.#names.delete(name)
  }
}
