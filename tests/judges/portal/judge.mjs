// Reads {entities: [YAML texts], skeleton: {path: text}, values} and prints {complaints, rendered}.
import { readFileSync } from "node:fs";

import {
  componentEntityV1alpha1Validator,
  DefaultNamespaceEntityPolicy,
  FieldFormatEntityPolicy,
  NoForeignRootFieldsEntityPolicy,
  SchemaValidEntityPolicy,
} from "@backstage/catalog-model";
import { templateEntityV1beta3Validator } from "@backstage/plugin-scaffolder-common";
import nunjucks from "nunjucks";
import { parse } from "yaml";

const { entities, skeleton, values } = JSON.parse(readFileSync(0, "utf8"));
const complaints = [];

const validators = { Template: templateEntityV1beta3Validator, Component: componentEntityV1alpha1Validator };
const policies = [
  new DefaultNamespaceEntityPolicy(),
  new SchemaValidEntityPolicy(),
  new NoForeignRootFieldsEntityPolicy(),
  new FieldFormatEntityPolicy(),
];
for (const text of entities) {
  let entity = parse(text);
  try {
    if (!(await validators[entity.kind].check(entity))) {
      complaints.push(`${entity.kind} ${entity.metadata.name}: of another apiVersion or kind`);
    }
    for (const policy of policies) {
      entity = (await policy.enforce(entity)) ?? entity;
    }
  } catch (error) {
    complaints.push(`${entity.kind} ${entity.metadata?.name}: ${error.message}`);
  }
}

// As fetch:template does: https://backstage.io/docs/features/software-templates/writing-templates
const environment = new nunjucks.Environment(null, {
  autoescape: false,
  throwOnUndefined: true,
  tags: { variableStart: "${{", variableEnd: "}}" },
});
const rendered = Object.fromEntries(
  Object.entries(skeleton).map(([path, text]) => [path, environment.renderString(text, { values })]),
);
process.stdout.write(JSON.stringify({ complaints, rendered }));
