import type { NodeType } from '../../../flow/diagram'
import { fieldsOf, hintOf, titleOf } from '../../../flow/schema'
import classes from './Inspector.module.css'

const PORTS: Readonly<Record<string, string>> = {
  out: 'the results',
  else: 'what the expression does not hold for',
  late: 'what came after its window was closed',
  error: 'what could not be computed, with the reason; unwired it is counted all the same',
  rejected: 'what did not pass, with the reason',
  unmatched: 'what found none of the other side',
  case: 'one for each case, called by its name; “default” for what no case holds for',
}

/** What a kind of node does. */
export function Help({ type }: { type: NodeType | undefined }) {
  if (!type) {
    return (
      <p>
        This server does not know such a node. Delete it, or ask for the version that the flow was drawn with.
      </p>
    )
  }
  // the out of a switch that stands for the rest is called default
  const ports = type.ports.filter(port => port !== 'else' || !type.ports.includes('case'))
  return (
    <div className={classes['form']}>
      <p>{type.docs}</p>
      {ports.length > 0 && (
        <section>
          <strong>Outputs</strong>
          <dl className={classes['facts']}>
            {ports.map(port => (
              <div key={port} style={{ display: 'contents' }}>
                <dt>{port}</dt>
                <dd>{PORTS[port]}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {type.fields.length > 0 && (
        <p>
          <strong>Fields of its results: </strong>
          {type.fields.join(', ')}
        </p>
      )}
      <section>
        <strong>Configuration</strong>
        <dl className={classes['facts']}>
          {fieldsOf(type.schema).map(({ key, schema, isRequired }) => (
            <div key={key} style={{ display: 'contents' }}>
              <dt className="mono">{key}</dt>
              <dd>
                {[titleOf(key, schema), isRequired && 'required', schema['description'], hintOf(schema)]
                  .filter(Boolean)
                  .join('; ')}
              </dd>
            </div>
          ))}
        </dl>
      </section>
      <p className="dim">
        {type.state === 'per_key'
          ? 'It remembers something of each device and sensor; a change of its configuration begins anew.'
          : 'It remembers nothing.'}
        {type.side_effect && ' It acts on the world outside of the flow.'}
      </p>
    </div>
  )
}
