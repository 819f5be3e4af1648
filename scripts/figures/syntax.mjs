// TypeScript sources as syntax trees by the compiler itself. The compiler's programming interface counts as unstable: this file
// has all of this project's uses of it, and test/project/figures.test.ts runs it.
import { dirname, join, relative, resolve } from "node:path";
import {
	isArrowFunction,
	isClassDeclaration,
	isConstructorDeclaration,
	isExportDeclaration,
	isFunctionDeclaration,
	isFunctionExpression,
	isGetAccessorDeclaration,
	isIdentifier,
	isImportDeclaration,
	isInterfaceDeclaration,
	isMethodDeclaration,
	isPropertyAssignment,
	isSetAccessorDeclaration,
	isTypeAliasDeclaration,
	isVariableDeclaration,
} from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

/**
 * Reads each file of the project (tsconfig.json) below one of the folders.
 * @returns {{file: string, text: string, imports: string[], functions: {name: string, lines: number}[], typesAlone: boolean}[]}
 */
export function readSources(folders) {
	const compiler = new API({ cwd: process.cwd() });
	try {
		const { program } = compiler.updateSnapshot({ openProjects: [resolve("tsconfig.json")] }).getProjects()[0];
		return program
			.getSourceFileNames()
			.map((path) => ({ file: relative(process.cwd(), path), path }))
			.filter(({ file }) => folders.some((folder) => file.startsWith(`${folder}/`)))
			.map(({ file, path }) => describe(file, program.getSourceFile(path)))
			.sort((one, other) => (one.file < other.file ? -1 : 1));
	} finally {
		compiler.close();
	}
}

function describe(file, source) {
	const functions = [];
	const visit = (node) => {
		const name = nameOfFunction(node);
		if (name !== undefined) functions.push({ name, lines: linesOf(source, node) });
		node.forEachChild(visit);
	};
	visit(source);
	return {
		file,
		text: source.text,
		imports: source.imports
			.map(({ text }) => text)
			.filter((name) => name.startsWith("."))
			.map((name) => join(dirname(file), name).replace(/\.js$/, ".ts")),
		functions,
		typesAlone: source.statements.every(isOfTypesAlone),
	};
}

/**
 * The name of a function that is declared, or held by a constant or a property. Callbacks count as part of the function around
 * them.
 */
function nameOfFunction(node) {
	if (isFunctionDeclaration(node)) return node.body && (node.name?.text ?? "default");
	if (isMethodDeclaration(node) || isGetAccessorDeclaration(node) || isSetAccessorDeclaration(node))
		return node.body && isIdentifier(node.name) ? node.name.text : undefined;
	if (isConstructorDeclaration(node)) return node.body && isClassDeclaration(node.parent) ? "constructor" : undefined;
	if (!isArrowFunction(node) && !isFunctionExpression(node)) return undefined;
	const { parent } = node;
	const isHeld = isVariableDeclaration(parent) || isPropertyAssignment(parent);
	return isHeld && isIdentifier(parent.name) ? parent.name.text : undefined;
}

function linesOf(source, node) {
	const text = source.text.slice(node.getStart(source), node.end);
	return text.split("\n").length;
}

function isOfTypesAlone(statement) {
	if (isInterfaceDeclaration(statement) || isTypeAliasDeclaration(statement)) return true;
	if (isExportDeclaration(statement)) return statement.isTypeOnly === true;
	return isImportDeclaration(statement) && statement.importClause?.phaseModifier !== undefined;
}
