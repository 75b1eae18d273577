import { basename } from 'node:path'
import { YAMLException } from 'js-yaml'
import { asProblem, isTestName, readTexts, type PolicyText } from './texts.ts'
import { pathText, type Finding, type Path, type PolicyProblem } from './problem.ts'
import { readYamlForgivingly } from './yaml-forgiving.ts'
import { distanceWithin, readYaml, type YamlEntry, type YamlNode } from './yaml.ts'

/** One policy file: its text, what the YAML says, and where in the text each of it stands. */
export interface PolicySource {
  file: string
  name: string
  text: string
  value: unknown
  place: (finding: Finding) => PolicyProblem
}

/** A source, or why there is none. */
type Read = { source: PolicySource } | { problems: PolicyProblem[] }

/** The files of a policy: those that make it, its tests (`*.test.yaml`), and those that could not be read. */
export interface PolicySources { sources: PolicySource[], tests: PolicySource[], problems: PolicyProblem[] }

/** The files of a directory. */
export async function readSources (directory: string): Promise<PolicySources> {
  return parseSources(await readTexts(directory))
}

/** The same, from texts that are at hand. */
export function parseSources (texts: readonly (PolicyText | PolicyProblem)[]): PolicySources {
  const read = texts.map((one) => 'text' in one ? parseSource(one.file, one.text) : { problems: [one] })
  const sources = read.flatMap((one) => 'source' in one ? [one.source] : [])
  return {
    sources: sources.filter(({ file }) => !isTestName(file)),
    tests: sources.filter(({ file }) => isTestName(file)),
    problems: read.flatMap((one) => 'source' in one ? [] : one.problems),
  }
}

function parseSource (file: string, text: string): Read {
  const positionOf = positionsIn(text)
  const problemAt = (offset: number, message: string): PolicyProblem => ({ file, ...positionOf(offset), message })
  try {
    const { root, broken } = readEither(text)
    if (broken.length > 0) return { problems: broken.map(({ offset, message }) => problemAt(offset, message)) }
    if (!root || root.value === null) return { problems: [problemAt(0, 'the file is empty; it begins with "version: 1"')] }
    const place = ({ path, at, message, offset = 0 }: Finding): PolicyProblem => {
      const said = path.length > 0 && message !== '' ? `${pathText(path)}: ${message}` : message
      return problemAt(offsetOf(root, path, at, offset, text), said)
    }
    return { source: { file, name: basename(file), text, value: root.value, place } }
  } catch (error) { // Aliases that multiply, nesting that no stack holds.
    return { problems: [asProblem(file, error)] }
  }
}

function readEither (text: string): ReturnType<typeof readYaml> {
  try {
    return readYaml(text)
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    return readYamlForgivingly(text)
  }
}

/** Line and column of a character, from 1 on. */
function positionsIn (text: string): (offset: number) => { line: number, column: number } {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return (offset) => {
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = low + high + 1 >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

/**
 * Where a key or a value begins, or that character of a value; of what the file does not say, where the nearest thing
 * around it begins.
 */
function offsetOf (root: YamlNode, path: Path, part: Finding['at'], character: number, text: string): number {
  let node: YamlNode | undefined = root
  let offset = 0
  for (const [index, step] of path.entries()) {
    const around: YamlNode | undefined = node?.target ?? node
    const entry: YamlEntry | undefined = around?.entries?.get(String(step))
    node = around?.items ? around.items[Number(step)] : entry?.node
    const isKey = entry !== undefined && part === 'key' && index === path.length - 1
    const starts = [isKey ? entry.keyStart : node?.start, entry?.keyStart]
    offset = starts.find((start) => start !== undefined && start >= 0) ?? offset
  }
  return offset + (character > 0 && node ? distanceWithin(node, character, text) : 0)
}
