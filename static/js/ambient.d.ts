/** The highlighter comes without types; this is the part of it we use. */
declare module "highlight" {
  const highlighter: {
    getLanguage(name: string): object | undefined;
    highlight(code: string, options: { language: string; ignoreIllegals: boolean }): { value: string };
  };
  export default highlighter;
}
