/**
 * Checks a form's values against its schema. The usual validator makes code from schemas, which the page's policy
 * forbids; this one reads them.
 */

import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import {
  createErrorHandler,
  type RJSFSchema,
  type RJSFValidationError,
  toErrorList,
  toErrorSchema,
  unwrapErrorHandler,
  type ValidatorType,
} from "@rjsf/utils";

const CONTAINERS = new Set(["properties", "items", "prefixItems", "allOf", "additionalProperties", "$ref", "if"]);

export const validator: ValidatorType = {
  validateFormData(data, schema, customValidate, transformErrors, uiSchema) {
    let errors = errorsOf(schema, data);
    if (transformErrors !== undefined) errors = transformErrors(errors, uiSchema);
    const errorSchema = toErrorSchema(errors);
    if (customValidate === undefined) return { errors, errorSchema };
    const said = unwrapErrorHandler(customValidate(data, createErrorHandler(data), uiSchema));
    return { errors: [...errors, ...toErrorList(said)], errorSchema: { ...errorSchema, ...said } };
  },
  isValid(schema, data, rootSchema) {
    const { $defs, definitions } = rootSchema ?? {};
    return check({ $defs, definitions, ...schema } as RJSFSchema, data).length === 0;
  },
  rawValidation(schema, data) {
    return { errors: check(schema, data) as never[] };
  },
};

export default validator;

function check(schema: RJSFSchema, data: unknown): OutputUnit[] {
  // Undefined is how a form says that a field was left out.
  const value: unknown = JSON.parse(JSON.stringify(data ?? null));
  const clean = JSON.parse(JSON.stringify(schema)) as Schema;
  return new Validator(clean, "2020-12", false).validate(value).errors;
}

function errorsOf(schema: RJSFSchema, data: unknown): RJSFValidationError[] {
  return check(schema, data).flatMap((unit): RJSFValidationError[] => {
    if (CONTAINERS.has(unit.keyword)) return []; // only repeats that something inside is wrong
    const path = unit.instanceLocation.replace(/^#\/?/, "").split("/").filter(Boolean).map(unescaped);
    const missing = unit.keyword === "required" ? /property "([^"]+)"/.exec(unit.error)?.[1] : undefined;
    if (missing !== undefined) path.push(missing);
    const message = missing === undefined ? sentence(unit) : "Please fill this in.";
    const property = path.length === 0 ? "" : `.${path.join(".")}`;
    return [{ name: unit.keyword, property, message, stack: `${property} ${message}`.trim() }];
  });
}

function sentence({ keyword, error }: OutputUnit): string {
  if (keyword === "enum" || keyword === "const") return "Please choose one of these.";
  if (keyword === "type")
    return error.replace(/^Instance type "(\w+)" is invalid\. Expected "(.+)"\.$/, "Expected $2.");
  return error.replace(/^(Instance|String|Array|Object)\b/, "This");
}

function unescaped(part: string): string {
  return decodeURIComponent(part).replace(/~1/g, "/").replace(/~0/g, "~");
}
