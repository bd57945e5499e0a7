"""Manifests as older descriptions of the language show them, typed into a folder: each loads."""

from __future__ import annotations

from mozaiks.manifests.spec import FunctionRef, Pattern, StartupMode, ToolKind

from .conftest import Workbench


def test_one_file_may_hold_agents_tools_and_orchestration(bench: Workbench) -> None:
    whole = {
        "agents": {"InterviewAgent": {"system_message": "You take in new customers.", "auto_tool_mode": False}},
        "tools": {"action_plan": {"type": "UI_Tool", "description": "Show the plan"}},
        "orchestration": {"pattern": "Default", "max_turns": 50, "visual_agents": ["InterviewAgent"]},
    }
    for index, name in enumerate(("orchestrator.json", "workflow.json", "agents.json", "tools.json")):
        spec = bench.load({name: whole}, f"Intake{index}", minimal=False)
        assert [agent.name for agent in spec.agents] == ["InterviewAgent"]
        assert spec.visual_agents == ("InterviewAgent",)
        tool = spec.tools[0]
        assert (tool.kind, tool.function, tool.agents) == (ToolKind.UI_TOOL, None, ("InterviewAgent",))
        assert tool.ui is not None
        assert tool.ui.component == "action_plan"


def test_the_first_workflow_of_the_old_quick_start(bench: Workbench) -> None:
    spec = bench.load(
        {
            "agents.json": {
                "agents": {
                    "HelperAgent": {
                        "system_message": "You help.",
                        "max_consecutive_auto_reply": 20,
                        "auto_tool_mode": False,
                        "structured_outputs_required": False,
                    }
                }
            },
            "tools.json": {
                "tools": {
                    "my_ui_tool": {
                        "type": "UI_Tool",
                        "description": "Shows a component",
                        "auto_execute": True,
                        "category": "visualization",
                    },
                    "my_backend_tool": {"type": "Agent_Tool", "description": "Works behind", "auto_execute": False},
                }
            },
            "orchestrator.json": {
                "startup_mode": "Default",
                "max_turns": 50,
                "visual_agents": ["HelperAgent"],
                "termination_conditions": {"max_consecutive_auto_replies": 3},
            },
            "tools/my_tool.py": "async def execute(chat_id: str, user_id: str, app_id: str, **kwargs):\n    return 1\n",
        },
        "MyWorkflow",
    )
    assert spec.startup_mode is StartupMode.USER_DRIVEN
    assert spec.termination.max_consecutive_auto_replies == 3
    ui, backend = spec.tools
    assert (ui.function, ui.auto_execute, ui.category) == (None, True, "visualization")
    assert backend.function == FunctionRef(path="tools/my_tool.py", function="execute")


def test_the_support_workflow_of_three_files(bench: Workbench) -> None:
    spec = bench.load(
        {
            "orchestrator.yaml": (
                "workflow_name: CustomerSupport\ndescription: Support with escalation\n"
                "orchestration_strategy: handoff_based\nmax_turns: 20\n"
            ),
            "agents.yaml": (
                "agents:\n  - name: SupportAgent\n    role: frontline_support\n"
                "    capabilities: [answer_questions, check_status]\n    llm_config:\n      model: gpt-4o-mini\n"
                "  - name: EscalationAgent\n"
            ),
            "handoffs.yaml": (
                "handoffs:\n  - from_agent: SupportAgent\n    to_agent: EscalationAgent\n"
                "    condition: user_requests_human\n"
            ),
        },
        "CustomerSupport",
    )
    assert (spec.pattern, spec.max_turns, spec.initial_agent) == (Pattern.DEFAULT, 20, "SupportAgent")
    support = spec.agent("SupportAgent")
    assert (support.role, support.capabilities) == ("frontline_support", ("answer_questions", "check_status"))
    assert support.llm.model == "gpt-4o-mini"
    assert [(rule.kind, rule.condition) for rule in spec.handoffs] == [("llm", "user_requests_human")]


def test_a_tool_by_module_and_a_hook_by_dotted_name(bench: Workbench) -> None:
    spec = bench.load(
        {
            "tools.yaml": "tools:\n  - name: your_tool\n    module: tools.your_module\n    description: Acts\n",
            "tools/your_module.py": 'def your_tool(param: str) -> str:\n    """Works."""\n    return param\n',
            "hooks.yaml": "hooks:\n  on_workflow_start: hooks.startup.on_workflow_start\n",
            "hooks/startup.py": "async def on_workflow_start(context):\n    ...\n",
        }
    )
    assert spec.tools[0].function == FunctionRef(path="tools/your_module.py", function="your_tool")
    assert spec.tools[0].agents == ("Ada", "Bob")
    assert [(hook.event, hook.function) for hook in spec.hooks] == [
        ("on_workflow_start", FunctionRef(path="hooks/startup.py", function="on_workflow_start"))
    ]


def test_the_generator_with_prompt_files(bench: Workbench) -> None:
    loaded = bench.inspect(
        {
            "workflow.json": {
                "name": "Generator",
                "description": "Makes content",
                "orchestration_pattern": "Auto",
                "max_turns": 20,
                "visual_agents": ["Generator", "Reviewer"],
                "entry_agent": "Orchestrator",
            },
            "agents.json": {
                "agents": [
                    {
                        "name": "Orchestrator",
                        "type": "orchestrator",
                        "llm_config": {"model": "gpt-4o", "temperature": 0.7},
                        "system_message_file": "prompts/orchestrator.md",
                    },
                    {
                        "name": "Generator",
                        "type": "assistant",
                        "tools": ["web_search", "generate_content"],
                        "system_message_file": "prompts/generator.md",
                    },
                ]
            },
            "tools.json": {"tools": {"web_search": {}, "generate_content": {}}},
            "tools/web_search.py": "def execute(query: str) -> str:\n    return query\n",
            "tools/generate_content.py": "def generate_content(topic: str) -> str:\n    return topic\n",
            "prompts/orchestrator.md": "\ufeffYou lead.\r\nBriefly.\n",
            "prompts/generator.md": "You write.",
        },
        "Generator",
    )
    spec = loaded.spec
    assert spec is not None
    assert (spec.pattern, spec.initial_agent) == (Pattern.AUTO, "Orchestrator")
    assert spec.agent("Orchestrator").system_message == "You lead.\nBriefly."
    assert spec.agent("Orchestrator").llm.temperature == 0.7
    assert [tool.name for tool in spec.tools_of("Generator")] == ["web_search", "generate_content"]
    assert spec.tools_of("Orchestrator") == ()
    assert [(problem.severity, problem.code) for problem in loaded.problems] == [("warning", "unknown_agent")]


def test_a_nested_pack(bench: Workbench) -> None:
    spec = bench.load(
        {
            "agents.json": {"agents": {"PatternAgent": {}}},
            "structured_outputs.json": {
                "models": {"Plan": {"fields": {"PatternSelection": {"type": "dict"}}}},
                "registry": {"PatternAgent": "Plan"},
            },
            "_pack/workflow_graph.json": {
                "pack_name": "AgentGeneratorNested",
                "version": 1,
                "nested_chats": [{"trigger_agent": "PatternAgent", "resume_agent": "PatternAgent"}],
            },
        }
    )
    nested = spec.nested_chats[0]
    assert (nested.trigger_agent, nested.resume_agent, nested.max_children) == ("PatternAgent", "PatternAgent", 10)
