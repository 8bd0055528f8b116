//! As much of Linear's schema as issues need, and whether a query fits it.

use graphql_parser::{
    query::{Definition, Document, OperationDefinition, Selection, SelectionSet, Value as Written, VariableDefinition},
    schema::{self, Field, InputValue, Type, TypeDefinition},
};
use serde_json::{Map, Value};

/// The fields and the inputs that matter here, as Linear's own schema has them.
const SCHEMA: &str = "
type Query { issue(id: String!): Issue! }
type Mutation { issueCreate(input: IssueCreateInput!): IssuePayload! }
type Issue { id: ID! identifier: String! url: String! title: String! priority: Float! }
type IssuePayload { success: Boolean! issue: Issue lastSyncId: Float! }
input IssueCreateInput {
  id: String title: String description: String priority: Int teamId: String! assigneeId: String stateId: String
  labelIds: [String!] projectId: String dueDate: String
}
";

/// The one thing that a request asks for.
pub(super) struct Operation {
    /// Which field of Query or Mutation.
    pub(super) field: String,
    /// With what.
    pub(super) arguments: Map<String, Value>,
    selection: SelectionSet<'static, String>,
}

impl Operation {
    /// As much of `whole` as was asked for.
    pub(super) fn selected(&self, whole: &Value) -> Value {
        select(whole, &self.selection)
    }
}

fn select(whole: &Value, selection: &SelectionSet<'static, String>) -> Value {
    if selection.items.is_empty() || whole.is_null() {
        return whole.clone();
    }
    let mut some = Map::new();
    for item in &selection.items {
        let Selection::Field(field) = item else { continue };
        some.insert(field.name.clone(), select(&whole[field.name.as_str()], &field.selection_set));
    }
    Value::Object(some)
}

/// Reads a query with one named operation of one field, and checks it and its variables against the schema.
pub(super) fn operation_of(query: &str, variables: &Value) -> Result<Operation, String> {
    let document: Document<'_, String> = graphql_parser::parse_query(query).map_err(|error| error.to_string())?;
    let [Definition::Operation(operation)] = &document.into_static().definitions[..] else {
        return Err("there must be one operation".to_owned());
    };
    let (root, declared, selection) = match operation {
        OperationDefinition::Query(query) => ("Query", &query.variable_definitions, &query.selection_set),
        OperationDefinition::Mutation(it) => ("Mutation", &it.variable_definitions, &it.selection_set),
        _ => return Err("an operation is a query or a mutation".to_owned()),
    };
    let schema = graphql_parser::parse_schema::<String>(SCHEMA).map_err(|error| error.to_string())?.into_static();
    let schema = Schema(schema);
    let [Selection::Field(asked)] = &selection.items[..] else { return Err("one field is asked for".to_owned()) };
    let field = schema.field(root, &asked.name)?;
    let mut arguments = Map::new();
    for known in &field.arguments {
        let given = asked.arguments.iter().find(|(name, _)| *name == known.name);
        let value = match given {
            Some((_, Written::Variable(name))) => variable(name, known, declared, variables)?,
            Some(_) => return Err(format!("{}: what somebody wrote belongs into a variable", known.name)),
            None => Value::Null,
        };
        schema.check(&value, &known.value_type, &known.name)?;
        arguments.insert(known.name.clone(), value);
    }
    if asked.arguments.iter().any(|(name, _)| !arguments.contains_key(name)) {
        return Err(format!("{} has no such argument", asked.name));
    }
    schema.check_selection(&asked.selection_set, &field.field_type)?;
    Ok(Operation { field: asked.name.clone(), arguments, selection: asked.selection_set.clone() })
}

fn variable(
    name: &str,
    known: &InputValue<'static, String>,
    declared: &[VariableDefinition<'static, String>],
    variables: &Value,
) -> Result<Value, String> {
    let declaration = declared.iter().find(|it| it.name == name).ok_or_else(|| format!("${name} is not declared"))?;
    if declaration.var_type != known.value_type {
        return Err(format!("${name} is a {}, where a {} is wanted", declaration.var_type, known.value_type));
    }
    Ok(variables[name].clone())
}

struct Schema(schema::Document<'static, String>);

impl Schema {
    fn named(&self, name: &str) -> Option<&TypeDefinition<'static, String>> {
        self.0.definitions.iter().find_map(|definition| match definition {
            schema::Definition::TypeDefinition(it) => match it {
                TypeDefinition::Object(object) if object.name == name => Some(it),
                TypeDefinition::InputObject(object) if object.name == name => Some(it),
                _ => None,
            },
            _ => None,
        })
    }

    fn field(&self, of: &str, name: &str) -> Result<&Field<'static, String>, String> {
        match self.named(of) {
            Some(TypeDefinition::Object(object)) => object.fields.iter().find(|field| field.name == name),
            _ => None,
        }
        .ok_or_else(|| format!("Cannot query field \"{name}\" on type \"{of}\"."))
    }

    /// Whether all that is selected is there, down to what has no fields.
    fn check_selection(
        &self,
        selection: &SelectionSet<'static, String>,
        of: &Type<'static, String>,
    ) -> Result<(), String> {
        let name = bare(of);
        let has_fields = matches!(self.named(name), Some(TypeDefinition::Object(_)));
        if has_fields == selection.items.is_empty() {
            return Err(format!("{name}: fields are selected of what has some"));
        }
        for item in &selection.items {
            let Selection::Field(field) = item else { return Err("fields only".to_owned()) };
            let known = self.field(name, &field.name)?;
            self.check_selection(&field.selection_set, &known.field_type)?;
        }
        Ok(())
    }

    /// Whether `value` is of that type.
    fn check(&self, value: &Value, of: &Type<'static, String>, place: &str) -> Result<(), String> {
        let wrong = || format!("Variable \"{place}\" got invalid value {value}; expected {of}.");
        let named = match of {
            Type::NonNullType(_) if value.is_null() => return Err(wrong()),
            Type::NonNullType(inner) => return self.check(value, inner, place),
            _ if value.is_null() => return Ok(()),
            Type::ListType(inner) => {
                let items = value.as_array().ok_or_else(wrong)?;
                return items.iter().try_for_each(|item| self.check(item, inner, place));
            }
            Type::NamedType(name) => name,
        };
        if let Some(TypeDefinition::InputObject(object)) = self.named(named) {
            let fields = value.as_object().ok_or_else(wrong)?;
            if fields.keys().any(|key| object.fields.iter().all(|field| field.name != *key)) {
                return Err(wrong());
            }
            return object.fields.iter().try_for_each(|field| {
                self.check(fields.get(&field.name).unwrap_or(&Value::Null), &field.value_type, &field.name)
            });
        }
        let fits = match named.as_str() {
            "String" | "ID" => value.is_string(),
            "Int" => value.is_i64(),
            "Float" => value.is_number(),
            _ => value.is_boolean(),
        };
        if fits { Ok(()) } else { Err(wrong()) }
    }
}

fn bare<'a>(of: &'a Type<'static, String>) -> &'a str {
    match of {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => bare(inner),
    }
}
